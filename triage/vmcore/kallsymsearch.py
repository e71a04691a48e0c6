"""Where kallsyms lies in a kernel whose VMCOREINFO does not say so (before Linux 6.0): found by its shape.

    kallsyms_offsets, kallsyms_relative_base, kallsyms_num_syms, kallsyms_names, kallsyms_markers, kallsyms_token_table,
    kallsyms_token_index, in this order in read-only data, each aligned to 8 bytes (scripts/kallsyms.c, 4.6 to 6.0)

Single characters are mostly their own tokens, so the ten digits stand in a row in the token table; the index behind it
must fit the table exactly, the markers in front of it lead back to the names.
"""

from __future__ import annotations

import struct

from drgn import FaultError, Program

_DIGITS = b"".join(b"%d\0" % digit for digit in range(10))
_ZERO = ord("0")
_IMAGE = 128 << 20
_PIECE = 1 << 20
_MARKED = 256  # symbols between two markers
_LONGEST = 256 * 64  # bytes of names behind the last marker, at most


def search(prog: Program, stext: int) -> dict[str, int]:
    """Addresses of the kallsyms arrays of the image that begins at `stext`; LookupError if there is none."""
    image = _read_image(prog, stext)
    at = image.find(_DIGITS)
    while at >= 0:
        found = _around(image, at)
        if found is not None:
            return {name: stext + offset for name, offset in found.items()}
        at = image.find(_DIGITS, at + 1)
    raise LookupError("kallsyms was not found in the kernel image")


def _read_image(prog: Program, start: int) -> bytes:
    """The image as far as it is mapped, holes as zeros as long as more follows."""
    pieces, missing = [], 0
    for address in range(start, start + _IMAGE, _PIECE):
        try:
            piece = prog.read(address, _PIECE)
        except FaultError:
            missing += 1
            if missing > 8:
                break
            piece = bytes(_PIECE)
        pieces.append(piece)
    return b"".join(pieces)


def _around(image: bytes, digits: int) -> dict[str, int] | None:
    """The arrays around a token table whose "0" is at `digits`; None if they do not fit."""
    before = image[max(0, digits - 4096) : digits - 1].split(b"\0")[-_ZERO:]
    table = digits - sum(len(token) + 1 for token in before)
    tokens = image[table : table + 8192].split(b"\0")[:256]
    sizes = [len(token) + 1 for token in tokens]
    index = _align(table + sum(sizes))
    wanted = struct.pack("<256H", *(sum(sizes[:at]) for at in range(len(sizes)))) if len(sizes) == 256 else b""
    if table % 8 or not wanted or image[index : index + 512] != wanted:
        return None
    markers = _markers(image, table)
    start = _names(image, markers, table) if len(markers) > 1 else None
    if start is None:
        return None
    (count,) = struct.unpack_from("<I", image, start - 8)
    return {
        "kallsyms_token_index": index,
        "kallsyms_token_table": table,
        "kallsyms_names": start,
        "kallsyms_num_syms": start - 8,
        "kallsyms_relative_base": start - 16,
        "kallsyms_offsets": start - 16 - _align(4 * count),
    }


def _align(value: int) -> int:
    return (value + 7) // 8 * 8


def _markers(image: bytes, table: int) -> list[int]:
    """kallsyms_markers, u32 that rise from 0 and end at the token table, perhaps with padding."""
    at = table - 4
    if image[at : at + 4] == bytes(4):
        at -= 4
    found: list[int] = []
    while at >= 0:
        (value,) = struct.unpack_from("<I", image, at)
        if found and value >= found[-1]:
            return []
        found.append(value)
        if value == 0:
            return found[::-1]
        at -= 4
    return []


def _names(image: bytes, markers: list[int], table: int) -> int | None:
    """Offset of kallsyms_names: the number of symbols stands before it, and its first 256 names reach to the marker."""
    end = (table - 4 * len(markers)) // 8 * 8
    for start in range(end - markers[-1] & ~7, end - markers[-1] - _LONGEST, -8):
        if start < 16:
            return None
        count, padding = struct.unpack_from("<II", image, start - 8)
        if padding or not (len(markers) - 1) * _MARKED < count <= len(markers) * _MARKED:
            continue
        at = start
        for _ in range(_MARKED):
            at += 1 + image[at]
        if at == start + markers[1]:
            return start
    return None
