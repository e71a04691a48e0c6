"""ELF core files: their program headers and notes, read without any library and checked on the way.

e_ident 7f 45 4c 46 02 01 ...; e_type 4 (ET_CORE)
PT_NOTE (4): CORE (registers), VMCOREINFO ...; PT_LOAD (1): one memory range each
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

PT_LOAD, PT_NOTE, ET_CORE = 1, 4, 4
EHDR, PHDR = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")
_LAST_OFFSET = (1 << 63) - 1  # loff_t
_MAX_HEADERS, _MAX_NOTES = 65535, 64 << 20  # a kdump core has one note per CPU


@dataclass(frozen=True, slots=True)
class Segment:
    """One program header; offsets and sizes in bytes."""

    type: int
    offset: int
    virtual: int
    physical: int
    file_size: int


@dataclass(frozen=True, slots=True)
class Note:
    """One ELF note: owner ("CORE", "VMCOREINFO"), type and content."""

    name: str
    type: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ElfCore:
    """What the head of an ELF core says."""

    machine: int
    segments: tuple[Segment, ...]
    notes: tuple[Note, ...]

    @property
    def end(self) -> int:
        """The size the file must have to be complete."""
        return max((s.offset + s.file_size for s in self.segments), default=0)


def read(file: BinaryIO) -> ElfCore:
    """Headers and notes of a little-endian 64-bit ELF core; ValueError with the reason for anything else."""
    head = file.read(EHDR.size)
    if len(head) < EHDR.size or head[:4] != b"\x7fELF":
        raise ValueError("not an ELF file")
    if head[4:6] != b"\x02\x01":
        raise ValueError("only little-endian 64-bit ELF cores are supported")
    fields = EHDR.unpack(head)
    kind, machine, table, entry_size, count = fields[1], fields[2], fields[5], fields[9], fields[10]
    if kind != ET_CORE:
        raise ValueError("an ELF file, but not a core")
    if entry_size != PHDR.size or count > _MAX_HEADERS:
        raise ValueError("ELF program headers are damaged")
    raw = read_at(file, table, PHDR.size * count)
    if len(raw) < PHDR.size * count:
        raise ValueError("cut short inside the ELF program headers")
    segments = tuple(Segment(p[0], p[2], p[3], p[4], p[5]) for p in PHDR.iter_unpack(raw))
    return ElfCore(machine, segments, _notes(file, segments))


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    """The bytes at an offset that a header names, fewer or none where the file does not reach."""
    if offset + size > _LAST_OFFSET:  # no file is that long
        return b""
    file.seek(offset)
    return file.read(size)


def _notes(file: BinaryIO, segments: tuple[Segment, ...]) -> tuple[Note, ...]:
    found: list[Note] = []
    for segment in segments:
        if segment.type == PT_NOTE:
            found += parse_notes(read_at(file, segment.offset, min(segment.file_size, _MAX_NOTES)))
    return tuple(found)


def parse_notes(data: bytes) -> list[Note]:
    """The notes in a PT_NOTE segment; what is cut off at its end is left out."""
    found, at = [], 0
    while at + 12 <= len(data):
        name_size, size, kind = struct.unpack_from("<III", data, at)
        name_at = at + 12
        at = name_at + (name_size + 3) // 4 * 4
        end = at + size
        if end > len(data):
            break
        name = data[name_at : name_at + name_size].rstrip(b"\0").decode("ascii", "replace")
        if name:  # the end of a kdump note buffer is zero padding
            found.append(Note(name, kind, data[at:end]))
        at += (size + 3) // 4 * 4
    return found


def pack_note(note: Note) -> bytes:
    """One note as it stands in a PT_NOTE segment."""
    name = note.name.encode() + b"\0"
    body = struct.pack("<III", len(name), len(note.data), note.type)
    return body + name + bytes(-len(name) % 4) + note.data + bytes(-len(note.data) % 4)
