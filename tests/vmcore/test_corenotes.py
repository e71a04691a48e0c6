"""ELF notes out of kdump-compressed files, as they are and flattened."""

import struct

import pytest

from triage.vmcore import corenotes, elf

REGISTERS = struct.pack("<27Q", *range(27))
NOTES = [elf.Note("CORE", 1, bytes(112) + REGISTERS + bytes(8)), elf.Note("VMCOREINFO", 0, b"OSRELEASE=6.12.0\n")]


def kdump():
    """The head of a kdump-compressed file with notes behind its sub-header."""
    packed = b"".join(map(elf.pack_note, NOTES))
    head = bytearray(12288)
    head[:12] = b"KDUMP   " + struct.pack("<i", 6)
    struct.pack_into("<i", head, 428, 4096)
    struct.pack_into("<QQ", head, 4096 + 48, 8192, len(packed))
    head[8192 : 8192 + len(packed)] = packed
    return bytes(head)


def flattened(data, piece=1000):
    """makedumpfile -F: pieces in any order, each with its place."""
    starts = list(range(0, len(data), piece))
    out = b"makedumpfile\0\0\0\0".ljust(4096, b"\0")
    for at in reversed(starts):
        out += struct.pack(">qq", at, len(data[at : at + piece])) + data[at : at + piece]
    return out + struct.pack(">qq", -1, -1)


@pytest.mark.parametrize(("form", "make"), [("kdump", kdump), ("flattened", lambda: flattened(kdump()))])
def test_notes(tmp_path, form, make):
    path = tmp_path / "vmcore"
    path.write_bytes(make())
    assert corenotes.notes(str(path), form) == NOTES


def test_registers_of_a_cpu():
    assert corenotes.registers(NOTES, 0)[:216] == REGISTERS
    assert corenotes.registers(NOTES, 7)[:216] == REGISTERS  # fewer notes than CPUs: those that answered
    assert corenotes.registers(NOTES[1:], 0) is None


@pytest.mark.parametrize("size", [100, 5000, 8200])
def test_cut_header(tmp_path, size):
    path = tmp_path / "vmcore"
    path.write_bytes(kdump()[:size])
    with pytest.raises(ValueError, match="cut short"):
        corenotes.notes(str(path), "kdump")


def test_damaged_header(tmp_path):
    head = bytearray(kdump())
    struct.pack_into("<i", head, 428, 1 << 30)
    path = tmp_path / "vmcore"
    path.write_bytes(head)
    with pytest.raises(ValueError, match="no notes"):
        corenotes.notes(str(path), "kdump")
