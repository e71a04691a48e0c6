"""Writes a kdump-compressed dump of an ELF core, leaving given pages out, and tells what such a dump left out.

Written for arm64 only: makedumpfile (1.7.8 still) refuses kernels built for 4 KiB pages and 52-bit addresses, as
Debian's are, with "PAGE SIZE 0x1000 and VA Bits 52 not supported". Format: makedumpfile's IMPLEMENTATION,
"The header of kdump-compressed format", header version 6.
"""

import mmap
import re
import struct
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"KDUMP   "
STATUS = 424  # offset in the header: u32 status, i32 block size, i32 sub header blocks, u32 bitmap blocks
COMPRESSED_ZLIB = 1
PT_LOAD = 1
PT_NOTE = 4
SUB_HEADER = "<QiiQQqQqQqQQQQ"


@dataclass(frozen=True)
class Core:
    """What an ELF core holds: memory as (physical address, file offset, size), its notes and VMCOREINFO."""

    data: mmap.mmap
    loads: list[tuple[int, int, int]]
    notes: bytes
    vmcoreinfo: bytes

    @property
    def page(self) -> int:
        """Bytes of a page, which are also those of a block of the dump."""
        found = re.search(rb"PAGESIZE=(\d+)", self.vmcoreinfo)
        return int(found.group(1)) if found else 4096


def read_elf(path: Path) -> Core:
    """Read a 64-bit little-endian ELF core."""
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    offset, size, count = *struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54)
    loads, notes = [], b""
    for index in range(count):
        kind, _, at, _, physical, length = struct.unpack_from("<IIQQQQ", data, offset + index * size)
        if kind == PT_LOAD:
            loads.append((physical, at, length))
        elif kind == PT_NOTE:
            notes += data[at : at + length]
    vmcoreinfo = next((content for name, content in _notes(notes) if name == b"VMCOREINFO"), b"")
    return Core(data, sorted(loads), notes, vmcoreinfo)


def _notes(notes: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 12 <= len(notes):
        name_size, size, _ = struct.unpack_from("<III", notes, position)
        content = position + 12 + (name_size + 3) // 4 * 4
        yield notes[position + 12 : position + 12 + name_size].rstrip(b"\0"), notes[content : content + size]
        position = content + (size + 3) // 4 * 4


def write(elf: Path, target: Path, machine: str, excluded: Collection[int]) -> Path:
    """Write `target` from `elf`; the PFNs `excluded` are in the first bitmap (memory), not in the second (dumped)."""
    core = read_elf(elf)
    max_pfn = max((physical + size) // core.page for physical, _, size in core.loads)
    bitmap_size = _blocks((max_pfn + 7) // 8, core.page) * core.page
    memory, dumped = bytearray(bitmap_size), bytearray(bitmap_size)
    pages = []
    for pfn, at in sorted(_offsets(core).items()):
        memory[pfn >> 3] |= 1 << (pfn & 7)
        if pfn not in excluded:
            dumped[pfn >> 3] |= 1 << (pfn & 7)
            pages.append(at)
    sub_header = _sub_header(core, max_pfn)
    header = _header(core, machine, max_pfn, len(sub_header) // core.page, 2 * bitmap_size // core.page)
    with target.open("wb") as out:
        out.write(header + sub_header + memory + dumped)
        descriptors, contents = _pages(core, pages, out.tell() + 24 * len(pages))
        out.write(descriptors)
        out.writelines(contents)
    return target


def is_compressed(path: Path) -> bool:
    """Whether a file is a kdump-compressed dump."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8) == SIGNATURE


def left_out(path: Path) -> Callable[[int], bool]:
    """Whether such a dump says of a PFN that it is memory, and not dumped: set in the first of the two bitmaps only."""
    with path.open("rb") as file:
        block, sub_header_blocks, bitmap_blocks = struct.unpack_from("<iii", file.read(STATUS + 16), STATUS + 4)
        file.seek(block * (1 + sub_header_blocks))
        bitmaps = file.read(block * bitmap_blocks)
    half = len(bitmaps) // 2
    memory, dumped = bitmaps[:half], bitmaps[half:]

    def is_set(bitmap: bytes, pfn: int) -> bool:
        return pfn >> 3 < half and bool(bitmap[pfn >> 3] >> (pfn & 7) & 1)

    return lambda pfn: is_set(memory, pfn) and not is_set(dumped, pfn)


def _offsets(core: Core) -> dict[int, int]:
    """Where each page frame lies in the file; /proc/vmcore has the kernel's image in two segments."""
    return {
        pfn: at + pfn * core.page - physical
        for physical, at, size in core.loads
        for pfn in range(_blocks(physical, core.page), (physical + size) // core.page)
    }


def _blocks(size: int, page: int) -> int:
    return (size + page - 1) // page


def _header(core: Core, machine: str, max_pfn: int, sub_header_blocks: int, bitmap_blocks: int) -> bytes:
    """struct disk_dump_header: signature, version, utsname, times, then sizes in blocks."""
    found = re.search(rb"OSRELEASE=(\S+)", core.vmcoreinfo)
    release = found.group(1).decode() if found else ""
    header = SIGNATURE + struct.pack("<i", 6)
    for field in ("Linux", "lab-guest", release, "#1 SMP", machine, "(none)"):
        header += field.encode()[:64].ljust(65, b"\0")
    header = header.ljust(408, b"\0") + struct.pack("<qq", 0, 0)
    header += struct.pack("<IiiIII", COMPRESSED_ZLIB, core.page, sub_header_blocks, bitmap_blocks, max_pfn, 0)
    return (header + struct.pack("<IIIi", 0, 0, 0, 1)).ljust(core.page, b"\0")


def _sub_header(core: Core, max_pfn: int) -> bytes:
    """struct kdump_sub_header, followed in its blocks by VMCOREINFO and the ELF notes."""
    info_at = core.page + struct.calcsize(SUB_HEADER)
    notes_at = (info_at + len(core.vmcoreinfo) + 7) // 8 * 8
    phys_base, dump_level, split, start, end = 0, 1, 0, 0, 0
    fields = (phys_base, dump_level, split, start, end, info_at, len(core.vmcoreinfo), notes_at, len(core.notes))
    packed = struct.pack(SUB_HEADER, *fields, 0, 0, 0, 0, max_pfn) + core.vmcoreinfo
    packed = packed.ljust(notes_at - core.page, b"\0") + core.notes
    return packed.ljust(_blocks(len(packed), core.page) * core.page, b"\0")


def _pages(core: Core, offsets: list[int], first: int) -> tuple[bytes, list[bytes]]:
    """struct page_desc of each page and the compressed pages; all zero pages share one."""
    descriptors, contents, position = bytearray(), [], first
    zero = b""
    for at in offsets:
        page = core.data[at : at + core.page]
        blank = not any(page)
        if blank and zero:
            descriptors += zero
            continue
        packed, flags = zlib.compress(page, 1), COMPRESSED_ZLIB
        if len(packed) >= core.page:
            packed, flags = page, 0
        descriptor = struct.pack("<qIIQ", position, len(packed), flags, 0)
        zero = descriptor if blank else zero
        descriptors += descriptor
        contents.append(packed)
        position += len(packed)
    return bytes(descriptors), contents
