"""The arm64 incident from end to end: multi-bit ECC error in a dentry, reported by firmware, consumed a minute later.

A stock kernel, no module of ours. The host is the firmware (firmware.py) and the broken memory: the entry
of the linear map that leads to the page is pointed at no memory at all, so that the load which touches it
takes a genuine synchronous external abort. incident.py has the play, this file the stage.
"""

import os
import struct
from pathlib import Path
from typing import Any

from . import capture, diskdump, dumps, firmware, incident, initramfs, truth
from .cases import Case
from .kernels import KERNELS
from .qemu import Guest

RAM_BASE = 0x4000_0000
FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
COMMAND_LINE = "console=ttyAMA0 oops=panic panic=0 printk.time=1 loglevel=8 lab.control=ttyS0"
CONTROL = ("-device", "pci-serial,chardev=control")
HARDWARE = ("type=0,vendor=LabBIOS,version=2.06", "type=1,manufacturer=LabServers,product=A64-2U")


def make(case: Case, folder: Path) -> dict[str, Any]:
    """Run the incident and leave its cores in `folder`; returns its truth."""
    kernel = KERNELS[case.kernel]
    initrd = folder / "initrd"
    archive = initramfs.build(kernel, case.kdump).read_bytes()
    initrd.write_bytes(initramfs.acpi_upgrade(firmware.hest()) + archive)
    scratch = {
        "ram": case.guest_memory << 20,
        "firmware": firmware.SIZE,
        "disk": (case.guest_memory << 20) + (64 << 20),
    }
    for name, size in scratch.items():
        (folder / name).touch()
        os.truncate(folder / name, size)
    with Guest(_command(case, kernel.vmlinuz, initrd, folder), folder, CONTROL) as guest:
        guest.shell.answer(120)
        if case.kdump:
            capture.load(guest, "console=ttyAMA0 nr_cpus=1 reset_devices loglevel=8 lab.dump=copy")
        ram, blocks = firmware.Memory(folder / "ram", RAM_BASE), firmware.Memory(folder / "firmware", firmware.BASE)
        victim, death = incident.play(guest, case, ram, blocks)
        if not case.kdump:
            guest.dump(folder / "vmcore.elf")
        ram.close()
        blocks.close()
    made = _cores(case, folder, victim.pfn)
    for name in (*scratch, "initrd"):
        (folder / name).unlink()
    return truth.compose(case, kernel.release, [victim], death, made)


def _command(case: Case, vmlinuz: Path, initrd: Path, folder: Path) -> list[str | Path]:
    """The virt board with UEFI (for ACPI), its RAM a shared file, and a small NVDIMM for firmware's own memory."""
    memory = f"{case.guest_memory}M"
    command: list[str | Path] = ["qemu-system-aarch64", "-accel", "tcg,thread=multi", "-cpu", "neoverse-n1"]
    command += ["-machine", "virt,gic-version=3,nvdimm=on,memory-backend=ram", "-smp", str(case.cpus)]
    command += ["-m", f"{memory},slots=1,maxmem=2G", "-bios", FIRMWARE]
    for name, size in (("ram", memory), ("firmware", str(firmware.SIZE))):
        command += ["-object", f"memory-backend-file,id={name},size={size},mem-path={folder / name},share=on"]
    command += ["-device", "nvdimm,memdev=firmware", "-device", "virtio-rng-pci"]
    command += ["-drive", f"file={folder / 'disk'},format=raw,if=none,id=disk,cache=unsafe"]
    command += ["-device", "virtio-blk-pci,drive=disk"]
    for table in HARDWARE:
        command += ["-smbios", table]
    line = COMMAND_LINE + (" crashkernel=320M" if case.kdump else "")
    return [*command, "-kernel", vmlinuz, "-initrd", initrd, "-append", line]


def _cores(case: Case, folder: Path, bad_pfn: int) -> list[Path]:
    """The ELF core, by QEMU or copied by the capture kernel, and its compressed form without the bad page."""
    elf = folder / ("vmcore.kdump-elf" if case.kdump else "vmcore.elf")
    if case.kdump:
        elf.write_bytes((folder / "disk").read_bytes()[: elf_size(folder / "disk")])
    else:
        dumps.mend_elf(elf)
    return [elf, diskdump.write(elf, folder / "vmcore.zlib", "aarch64", {bad_pfn})]


def elf_size(path: Path) -> int:
    """Where the last segment of an ELF core ends."""
    with path.open("rb") as core:
        header = core.read(64)
        offset, size, count = *struct.unpack_from("<Q", header, 32), *struct.unpack_from("<HH", header, 54)
        core.seek(offset)
        table = core.read(size * count)
    segments = (struct.unpack_from("<QQQQ", table, index * size + 8) for index in range(count))
    return int(max(at + length for at, _, _, length in segments))
