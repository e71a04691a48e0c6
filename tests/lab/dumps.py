"""The forms a dump comes in, all made from the same dead guest."""

import struct
from pathlib import Path

from .errors import LabError
from .kernels import TOOLS, fetch
from .shell import run

OPTIONS = {"zlib": ("-c", "-d", "31"), "zstd": ("-z", "-d", "31"), "flat": ("-z", "-d", "31", "-F")}
FLAT_HEADER = 4096


def makedumpfile(*arguments: str | Path, stdin: Path | None = None, stdout: Path | None = None) -> str:
    """Run makedumpfile out of the unpacked tools, in its own way: `-z -d 31 CORE DUMP`."""
    libraries = fetch(TOOLS) / "usr/lib/x86_64-linux-gnu"
    program = TOOLS.root / "usr/bin/makedumpfile"
    loader: list[str | Path] = [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, program]
    return run([*loader, *arguments], stdin=stdin, stdout=stdout)


def mend_elf(path: Path) -> None:
    """Move QEMU's program headers to right behind the ELF header, where makedumpfile expects them.

    QEMU 7.2 writes section headers first and an e_ehsize of 8; makedumpfile then finds no PT_LOAD.
    """
    with path.open("r+b") as core:
        header = bytearray(core.read(64))
        offset, size, count = *struct.unpack_from("<Q", header, 32), *struct.unpack_from("<HH", header, 54)
        core.seek(offset)
        table = core.read(size * count)
        first = min(struct.unpack_from("<Q", table, index * size + 8)[0] for index in range(count))
        if 64 + len(table) > first:
            raise LabError(f"{path.name}: no room for the program headers")
        struct.pack_into("<QQ", header, 32, 64, 0)
        struct.pack_into("<HHHHHH", header, 52, 64, size, count, 0, 0, 0)
        core.seek(0)
        core.write((bytes(header) + table).ljust(first, b"\0"))
    run(["fallocate", "--dig-holes", path])  # most of a small guest's memory is zeros


def convert(elf: Path, form: str) -> Path:
    """Make vmcore.zlib, vmcore.zstd or vmcore.flat of an ELF core (excluded pages: makedumpfile -d 31)."""
    target = elf.with_name(f"vmcore.{form}")
    target.unlink(missing_ok=True)
    if form == "flat":
        makedumpfile(*OPTIONS[form], elf, stdout=target)
    else:
        makedumpfile(*OPTIONS[form], elf, target)
    target.chmod(0o644)
    return target


def from_disk(disk: Path, folder: Path) -> list[Path]:
    """What a capture kernel wrote to a disk: the flattened stream cut to size, and rearranged the plain dump."""
    flat, kdump = folder / "vmcore.kdump-flat", folder / "vmcore.kdump"
    flat.write_bytes(disk.read_bytes()[: flattened_size(disk)])
    kdump.unlink(missing_ok=True)
    makedumpfile("-R", kdump, stdin=flat)
    kdump.chmod(0o644)
    return [kdump, flat]


def flattened_size(path: Path) -> int:
    """The length of a makedumpfile -F stream: a header of 4096 bytes, (offset, size) records, then (-1, -1)."""
    with path.open("rb") as stream:
        if stream.read(16).rstrip(b"\0") != b"makedumpfile":
            raise LabError(f"{path.name} holds no flattened dump")
        position = FLAT_HEADER
        while True:
            stream.seek(position)
            record = stream.read(16)
            if len(record) < 16:
                raise LabError(f"{path.name}: the flattened dump ends before its end mark")
            offset, size = struct.unpack(">qq", record)
            position += 16
            if offset == -1:
                return position
            position += size
