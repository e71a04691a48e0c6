"""Flattened dumps, `makedumpfile -F`: what kdump sends through a pipe, pieces of a kdump file each with its place.

"makedumpfile\\0\\0\\0\\0", padded to 4096 bytes
i64 offset, i64 size, big-endian; `size` bytes       again and again; a later piece overwrites an earlier one
-1, -1                                               the end, which a dump that was cut short lacks
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, BinaryIO, NamedTuple

_HEAD = struct.Struct(">qq")
_FIRST = 4096
_END = _HEAD.pack(-1, -1)


class Piece(NamedTuple):
    """`size` bytes at `place` of the flattened file that belong to `offset` of the dump."""

    offset: int
    size: int
    place: int


def pieces(file: BinaryIO) -> Iterator[Piece]:
    """The pieces as far as they are there; the last of a file that was cut short is as long as what is left of it."""
    end = file.seek(0, 2)
    file.seek(_FIRST)
    while len(raw := file.read(_HEAD.size)) == _HEAD.size:
        offset, size = _HEAD.unpack(raw)
        place = file.tell()
        if offset < 0 or size <= 0 or place == end:
            return
        yield Piece(offset, min(size, end - place), place)
        if place + size > end:
            return
        file.seek(place + size)


def is_cut(file: BinaryIO) -> bool:
    """Whether the end is missing; looks for it where it must be, and walks all pieces only if it is not there."""
    size = file.seek(0, 2)
    file.seek(max(0, size - len(_END)))
    if file.read() == _END:
        return False
    last = max(pieces(file), key=lambda piece: piece.place, default=None)
    file.seek(_FIRST if last is None else last.place + last.size)
    return file.read(len(_END)) != _END


def rearrange(file: BinaryIO, out: IO[bytes]) -> None:
    """Write the dump that the pieces make up, holes where none came; OSError if that cannot be written."""
    for piece in pieces(file):
        if piece.offset >> 62:
            continue  # no file is that long
        file.seek(piece.place)
        out.seek(piece.offset)
        out.write(file.read(piece.size))
    out.flush()
