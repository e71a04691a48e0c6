"""Which files are cores."""

import struct

import pytest

from triage import vmcore
from triage.vmcore import detect, elf


def core(notes=(), loads=((0x1000, 0xFFFF888000001000, b"x" * 16),), kind=elf.ET_CORE):
    """A small ELF core in memory."""
    note = b"".join(elf.pack_note(elf.Note(*each)) for each in notes)
    at = elf.EHDR.size + elf.PHDR.size * (len(loads) + 1)
    headers = [elf.PHDR.pack(elf.PT_NOTE, 0, at, 0, 0, len(note), len(note), 4)]
    at += len(note)
    for physical, virtual, data in loads:
        headers.append(elf.PHDR.pack(elf.PT_LOAD, 7, at, virtual, physical, len(data), len(data), 0))
        at += len(data)
    head = elf.EHDR.pack(b"\x7fELF\x02\x01\x01" + bytes(9), kind, 62, 1, 0, 64, 0, 0, 64, 56, len(headers), 0, 0, 0)
    return head + b"".join(headers) + note + b"".join(data for _, _, data in loads)


VMCOREINFO = ("VMCOREINFO", 0, b"OSRELEASE=6.12.0\nPAGESIZE=4096\n")


@pytest.fixture
def file(tmp_path):
    def write(data):
        path = tmp_path / "file"
        path.write_bytes(data)
        return str(path)

    return write


def test_magic(file):
    assert detect.magic(file(core())) == "elf"
    assert detect.magic(file(core(kind=2))) is None  # an executable
    assert detect.magic(file(b"KDUMP   " + bytes(100))) == "kdump"
    assert detect.magic(file(b"DISKDUMP" + bytes(100))) == "kdump"
    assert detect.magic(file(b"makedumpfile\0\0\0\0" + bytes(100))) == "flattened"
    assert detect.magic(file(b"")) is None
    assert detect.magic(file(b"[    0.000000] Linux version\n")) is None
    assert not vmcore.is_core("/nonexistent")


def test_kernel_core_and_process_core(file):
    assert detect.detect(file(core([VMCOREINFO]))).format == "elf"
    with pytest.raises(ValueError, match="of a process"):
        detect.detect(file(core(loads=((0, 0x400000, b"x"),))))


def test_cut_core_is_noted(file):
    (note,) = detect.detect(file(core([VMCOREINFO])[:-4])).notes
    assert "cut short" in note


def test_minicore_carries_what_its_source_left_out(file):
    mark = ("TRIAGE", 1, struct.pack("<2Q", 0x14E7, 0x20000))
    found = detect.detect(file(core([VMCOREINFO, mark])))
    assert found.format == "minicore"
    assert found.excluded == {0x14E7, 0x20000}


def test_incomplete_kdump_is_noted(file):
    head = bytearray(b"KDUMP   " + bytes(500))
    head[424] = 0x9  # zlib, incomplete
    assert "incomplete" in detect.detect(file(bytes(head))).notes[0]


@pytest.mark.parametrize("size", [20, 63, 64, 100])
def test_cut_header_is_an_error_with_a_reason(file, size):
    with pytest.raises(ValueError, match=r"cut|not"):
        detect.detect(file(core([VMCOREINFO])[:size]))


def test_notes_survive_padding_and_cuts():
    packed = elf.pack_note(elf.Note("CORE", 1, b"abcde")) + elf.pack_note(elf.Note(*VMCOREINFO))
    assert [note.name for note in elf.parse_notes(packed + bytes(24))] == ["CORE", "VMCOREINFO"]
    assert [note.name for note in elf.parse_notes(packed[:-8])] == ["CORE"]
