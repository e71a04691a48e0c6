"""What the lab does to dumps, on small files made here."""

import struct
import zlib
from pathlib import Path

import pytest

from tests.lab import diskdump, dumps
from tests.lab.errors import LabError

PAGE = 4096
PAGES = (b"\0" * PAGE, b"one" * 1365 + b"!", b"\0" * PAGE, bytes(range(256)) * 16)


def elf_core(path: Path, twice: bool = False) -> Path:
    """An ELF core of four pages at physical 0x40000000 as QEMU 7.2 lays it out: program headers late."""
    vmcoreinfo = b"OSRELEASE=6.12.0-test\n"
    note = struct.pack("<III", 11, len(vmcoreinfo), 0) + b"VMCOREINFO\0\0" + vmcoreinfo.ljust(24, b"\0")
    note_at, memory_at, table_at = 512, PAGE, 256
    table = struct.pack("<IIQQQQQQ", 4, 0, note_at, 0, 0, len(note), len(note), 0)
    table += struct.pack("<IIQQQQQQ", 1, 0, memory_at, 0, 0x40000000, 4 * PAGE, 4 * PAGE, 0)
    if twice:  # as /proc/vmcore has the kernel's image
        table += struct.pack("<IIQQQQQQ", 1, 0, memory_at + PAGE, 0, 0x40001000, PAGE, PAGE, 0)
    header = bytearray(64)
    header[:16] = b"\x7fELF\2\1\1".ljust(16, b"\0")
    struct.pack_into("<QQ", header, 32, table_at, 64)
    struct.pack_into("<HHHHHH", header, 52, 8, 56, len(table) // 56, 64, 1, 0)
    content = bytes(header).ljust(table_at, b"\0") + table
    path.write_bytes(content.ljust(note_at, b"\0") + note.ljust(memory_at - note_at, b"\0") + b"".join(PAGES))
    return path


def test_mend_elf_moves_the_program_headers_behind_the_header(tmp_path: Path) -> None:
    core = elf_core(tmp_path / "core")
    table = core.read_bytes()[256 : 256 + 112]
    dumps.mend_elf(core)
    data = core.read_bytes()
    assert struct.unpack_from("<QQ", data, 32) == (64, 0)
    assert struct.unpack_from("<HHHHHH", data, 52) == (64, 56, 2, 0, 0, 0)
    assert data[64 : 64 + 112] == table
    assert data[PAGE:] == b"".join(PAGES)


@pytest.mark.parametrize("twice", [False, True])
def test_diskdump_leaves_the_given_pages_out(tmp_path: Path, twice: bool) -> None:
    target = diskdump.write(elf_core(tmp_path / "core", twice), tmp_path / "dump", "aarch64", {0x40001})
    data = target.read_bytes()
    assert data[:8] == b"KDUMP   "
    assert data[12 + 2 * 65 :].startswith(b"6.12.0-test\0")
    blocks, bitmap_blocks, max_pfn = struct.unpack_from("<iII", data, 408 + 16 + 8)
    assert max_pfn == 0x40004
    bitmaps = PAGE * (1 + blocks)
    half = bitmap_blocks * PAGE // 2
    assert data[bitmaps + 0x40000 // 8] == 0b1111
    assert data[bitmaps + half + 0x40000 // 8] == 0b1101
    descriptors = bitmaps + 2 * half
    found = [struct.unpack_from("<qIIQ", data, descriptors + 24 * index) for index in range(3)]
    pages = [zlib.decompress(data[at : at + size]) if flags else data[at : at + size] for at, size, flags, _ in found]
    assert pages == [PAGES[0], PAGES[2], PAGES[3]]


def test_a_dump_tells_which_pages_it_left_out(tmp_path: Path) -> None:
    source = elf_core(tmp_path / "core")
    dump = diskdump.write(source, tmp_path / "dump", "aarch64", {0x40001})
    assert diskdump.is_compressed(dump)
    assert not diskdump.is_compressed(source)
    left_out = diskdump.left_out(dump)
    assert [left_out(pfn) for pfn in (0x3FFFF, 0x40000, 0x40001, 0x40004, 1 << 40)] == [
        False,
        False,
        True,
        False,
        False,
    ]


def flattened(records: list[tuple[int, bytes]]) -> bytes:
    """A makedumpfile -F stream."""
    stream = b"makedumpfile".ljust(16, b"\0").ljust(PAGE, b"\0")
    for offset, content in records:
        stream += struct.pack(">qq", offset, len(content)) + content
    return stream


def test_flattened_size_ends_at_the_end_mark(tmp_path: Path) -> None:
    stream = flattened([(0, b"head"), (100, b"more")]) + struct.pack(">qq", -1, -1)
    disk = tmp_path / "disk"
    disk.write_bytes(stream + b"\0" * 10000)
    assert dumps.flattened_size(disk) == len(stream)


@pytest.mark.parametrize("content", [b"", b"something else" * 400, flattened([(0, b"cut")])])
def test_flattened_size_refuses_what_is_none(tmp_path: Path, content: bytes) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(content)
    with pytest.raises(LabError):
        dumps.flattened_size(disk)
