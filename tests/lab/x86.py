"""One x86-64 case: boot, make victims, poison, die, dump."""

import os
from pathlib import Path
from typing import Any

from . import capture, deaths, dumps, initramfs, truth, victims
from .cases import Case
from .kernels import KERNELS, TOOLS, fetch
from .qemu import Guest
from .shell import run

COMMAND_LINE = "console=ttyS0,115200 lab.control=ttyS1 panic=0 oops=panic printk.devkmsg=on"
COMMAND_LINE += " mitigations=off no_timer_check tsc=unstable audit=0"
CONTROL = ("-serial", "chardev:control")
CAPTURE_LINE = "console=ttyS0,115200 nr_cpus=1 irqpoll reset_devices mitigations=off lab.dump=-z,-d,31"
DISK = 512 << 20
SYSCTL = "sysctl.vm.panic_on_unrecoverable_memory_failure"


def make(case: Case, folder: Path) -> dict[str, Any]:
    """Run the case and leave its cores in `folder`; returns its truth."""
    kernel = KERNELS[case.kernel]
    initrd = initramfs.build(kernel, case.kdump)
    disk = _disk(case, folder)
    with Guest(_command(case, kernel.vmlinuz, initrd, disk), folder, CONTROL) as guest:
        guest.shell.answer(120)
        guest.shell.run(f"mkdir -p {victims.NAMES} && labtool names {victims.NAMES} {victims.NAME_COUNT}")
        if case.kdump:
            capture.load(guest, CAPTURE_LINE)
        made = _poison_all(guest, case)
        if case.forget:
            _fill_log(guest)
        death = deaths.die(guest, case, made)
        if not case.kdump:
            guest.dump(folder / "vmcore.elf")
    cores = _cores(case, folder, disk)
    return truth.compose(case, kernel.release, made, death, cores)


def _poison_all(guest: Guest, case: Case) -> list[victims.Victim]:
    """Make and poison page after page; where the verdict itself is the death, the guilty one is left to that."""
    made = []
    for kind in case.poison:
        victim = victims.make(guest.shell, kind)
        victim.innocent = kind != case.guilty_kind
        if victim.innocent or case.death != "sysctl":
            deaths.poison(guest, case, victim)
        made.append(victim)
    return made


def _command(case: Case, vmlinuz: Path, initrd: Path, disk: Path | None) -> list[str | Path]:
    line = COMMAND_LINE
    if case.sysctl:
        line += f" {SYSCTL}={case.sysctl}"
    if case.kdump:
        line += " crashkernel=192M"
    # an Intel model: the monitor's mce makes records that AMD models refuse
    command: list[str | Path] = ["qemu-system-x86_64", "-machine", "q35", "-cpu", "Nehalem"]
    command += ["-accel", "tcg,thread=multi", "-smp", str(case.cpus), "-m", str(case.guest_memory)]
    command += ["-kernel", vmlinuz, "-initrd", initrd, "-append", line]
    if disk:
        command += ["-drive", f"file={disk},format=raw,if=none,id=disk,cache=unsafe"]
        command += ["-device", "virtio-blk-pci,drive=disk"]
    return command


def _disk(case: Case, folder: Path) -> Path | None:
    """A sparse disk: for the capture kernel's dump, or with a file system for page cache."""
    if not case.kdump and not victims.NEEDS_DISK & set(case.poison):
        return None
    disk = folder / "disk.img"
    disk.touch()
    os.truncate(disk, DISK)
    if not case.kdump:
        run(["mke2fs", "-q", "-t", "ext4", disk])
    return disk


def _fill_log(guest: Guest) -> None:
    """Write more than the kernel's ring buffer holds (128 KiB)."""
    guest.shell.run(
        "i=0; while [ $i -lt 6000 ]; do echo lab: one of many messages, number $i; i=$((i+1)); done >/dev/kmsg", 120
    )


def _cores(case: Case, folder: Path, disk: Path | None) -> list[Path]:
    """All forms of the dump that the case asks for."""
    fetch(TOOLS)
    if case.kdump and disk:
        made = dumps.from_disk(disk, folder)
    else:
        elf = folder / "vmcore.elf"
        dumps.mend_elf(elf)
        made = [elf if form == "elf" else dumps.convert(elf, form) for form in case.dumps]
        if elf not in made:
            elf.unlink()
    if disk:
        disk.unlink()
    return made
