"""One case as most are: boot, make victims, poison, die, dump."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import capture, deaths, diskdump, dumps, initramfs, truth, victims
from .cases import Case
from .kernels import KERNELS, TOOLS, fetch
from .qemu import Guest
from .shell import run


@dataclass(frozen=True)
class Machine:
    """How QEMU plays a machine, and where the guest finds its console and the line to the host."""

    command: tuple[str, ...]
    cpu: str
    line: str
    control: tuple[str, ...]


COMMAND_LINE = "panic=0 oops=panic printk.devkmsg=on mitigations=off audit=0"
MACHINES = {
    # an Intel model: the monitor's mce makes records that AMD models refuse
    "x86_64": Machine(
        ("qemu-system-x86_64", "-machine", "q35"),
        "Nehalem",
        "console=ttyS0,115200 lab.control=ttyS1 no_timer_check tsc=unstable",
        ("-serial", "chardev:control"),
    ),
    # all that an arm64 CPU may have, pointer authentication and 52-bit addresses among it
    "arm64": Machine(
        ("qemu-system-aarch64", "-machine", "virt,gic-version=3"),
        "max,pauth-impdef=on",
        "console=ttyAMA0 lab.control=ttyS0 loglevel=8",
        ("-device", "pci-serial,chardev=control"),
    ),
}
CAPTURE_LINE = "console=ttyS0,115200 nr_cpus=1 irqpoll reset_devices mitigations=off lab.dump=-z,-d,31"
DISK = 512 << 20
FILES = "24M"  # of a file system; fits into PMEM too
PMEM = "memmap=32M!160M"  # memory that the kernel takes for a persistent one
SYSCTL = "sysctl.vm.panic_on_unrecoverable_memory_failure"


def make(case: Case, folder: Path) -> dict[str, Any]:
    """Run the case and leave its cores in `folder`; returns its truth."""
    kernel = KERNELS[case.kernel]
    initrd = initramfs.build(kernel, case.kdump)
    disk = _disk(case, folder)
    with Guest(_command(case, kernel.vmlinuz, initrd, disk), folder, MACHINES[case.arch].control) as guest:
        guest.shell.answer(120)
        guest.shell.run(f"mkdir -p {victims.NAMES} && labtool names {victims.NAMES} {victims.NAME_COUNT}")
        if case.kdump:
            capture.load(guest, CAPTURE_LINE)
        if case.inject == "corrected":
            deaths.correct(guest)
        made = _poison_all(guest, case)
        if case.forget:
            _fill_log(guest)
        death = deaths.die(guest, case, made)
        if not case.kdump:
            guest.dump(folder / "vmcore.elf")
    cores = _cores(case, folder, disk, {victim.pfn for victim in made})
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
    machine = MACHINES[case.arch]
    line = f"{machine.line} {COMMAND_LINE}"
    if case.sysctl:
        line += f" {SYSCTL}={case.sysctl}"
    if case.inject == "corrected":
        line += " ras=cec_disable"  # the kernel's collector of corrected errors would keep the record to itself
    if case.kdump:
        line += " crashkernel=192M"
    if victims.NEEDS_PMEM & set(case.poison):
        line += f" {PMEM}"
    command: list[str | Path] = [*machine.command, "-cpu", case.cpu or machine.cpu]
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
        run(["mke2fs", "-q", "-t", "ext4", "-b", "4096", disk, FILES])
    return disk


def _fill_log(guest: Guest) -> None:
    """Write more than the kernel's ring buffer holds (128 KiB)."""
    guest.shell.run(
        "i=0; while [ $i -lt 6000 ]; do echo lab: one of many messages, number $i; i=$((i+1)); done >/dev/kmsg", 120
    )


def _cores(case: Case, folder: Path, disk: Path | None, bad: set[int]) -> list[Path]:
    """All forms of the dump that the case asks for."""
    fetch(TOOLS)
    if case.kdump and disk:
        made = dumps.from_disk(disk, folder)
    else:
        elf = folder / "vmcore.elf"
        dumps.mend_elf(elf)
        made = [elf if form == "elf" else _converted(case, elf, form, bad) for form in case.dumps]
        if elf not in made:
            elf.unlink()
    if disk:
        disk.unlink()
    return made


def _converted(case: Case, elf: Path, form: str, bad: set[int]) -> Path:
    """The dump in another form: makedumpfile refuses Debian's arm64 kernels (diskdump.py)."""
    if case.arch == "arm64":
        return diskdump.write(elf, elf.with_suffix(f".{form}"), "aarch64", bad)
    return dumps.convert(elf, form)
