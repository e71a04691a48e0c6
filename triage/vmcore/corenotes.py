"""The ELF notes of a core of any form: registers of the CPUs, VMCOREINFO. A kdump-compressed file holds them too:

block 0   struct disk_dump_header: "KDUMP   ", version at 8, block_size at 428
block 1   struct kdump_sub_header: offset_note at 48, size_note at 56 (version 4 and later)
flattened the same in pieces (flattened.py)
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from triage.vmcore import elf, flattened

_NT_PRSTATUS, _PR_REG = 1, 112
_BLOCK_SIZE, _VERSION = 428, 8
_NOTES = struct.Struct("<QQ")
_MAX_NOTES = 64 << 20


def notes(path: str, form: str) -> list[elf.Note]:
    """The notes of a core; `form` as in CoreFacts.format. ValueError if the file has none or is damaged."""
    if form in ("kdump", "flattened"):
        return elf.parse_notes(_read(path, form == "flattened"))
    with Path(path).open("rb") as file:
        return list(elf.read(file).notes)


def registers(found: list[elf.Note], cpu: int) -> bytes | None:
    """pr_reg of a CPU's NT_PRSTATUS note, which begins like the kernel's pt_regs on x86-64 and arm64 alike."""
    saved = [note.data for note in found if note.name == "CORE" and note.type == _NT_PRSTATUS]
    if not saved:
        return None
    return (saved[cpu] if cpu < len(saved) else saved[0])[_PR_REG:]


def _read(path: str, in_pieces: bool) -> bytes:
    with Path(path).open("rb") as file:
        at = _unflatten(file) if in_pieces else _plain(file)
        head = at(0, 432)
        version, block = struct.unpack_from("<i", head, _VERSION)[0], struct.unpack_from("<i", head, _BLOCK_SIZE)[0]
        if version < 4 or not 512 <= block <= 1 << 20:
            raise ValueError("the kdump header holds no notes")
        offset, size = _NOTES.unpack(at(block + 48, _NOTES.size))
        if not 0 < size <= _MAX_NOTES:
            raise ValueError("the kdump header holds no notes")
        return at(offset, size)


def _plain(file: BinaryIO) -> Callable[[int, int], bytes]:
    def at(offset: int, size: int) -> bytes:
        found = elf.read_at(file, offset, size)
        if len(found) < size:
            raise ValueError("cut short inside the kdump header")
        return found

    return at


def _unflatten(file: BinaryIO) -> Callable[[int, int], bytes]:
    """Reads as if the pieces lay where they belong; a later piece overwrites an earlier one."""
    pieces = list(flattened.pieces(file))

    def at(offset: int, size: int) -> bytes:
        found = bytearray(size)
        covered = 0
        for start, length, place in pieces:
            low, high = max(start, offset), min(start + length, offset + size)
            if low < high:
                piece = elf.read_at(file, place + low - start, high - low)
                found[low - offset : low - offset + len(piece)] = piece
                covered += len(piece)
        if covered < size:
            raise ValueError("cut short inside the kdump header")
        return bytes(found)

    return at
