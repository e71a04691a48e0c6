"""BTF, the compact type information every modern kernel carries: the raw section to an index of types.

Pure: bytes in, numbers and names out; what drgn makes of it stands in `typefinder.py`.
Layout (include/uapi/linux/btf.h):

    struct btf_header { u16 magic 0xeb9f; u8 version, flags; u32 hdr_len, type_off, type_len, str_off, str_len;
                        u32 layout_off, layout_len;  /* Linux 7.x */ };
    struct btf_type   { u32 name_off; u32 info /* kflag:1 kind:7 vlen:24 */; u32 size_or_type; } + data of the kind
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

MAGIC = 0xEB9F
HEADER_SIZE = 24


class Kind(IntEnum):
    """BTF_KIND_* of include/uapi/linux/btf.h."""

    VOID, INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE = range(10)
    CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(10, 20)


# words that follow the three common ones: fixed, and for each of `vlen` elements
_FIXED = {Kind.INT: 1, Kind.ARRAY: 3, Kind.VAR: 1, Kind.DECL_TAG: 1}
_EACH = {Kind.STRUCT: 3, Kind.UNION: 3, Kind.ENUM: 2, Kind.FUNC_PROTO: 2, Kind.DATASEC: 3, Kind.ENUM64: 3}
_NAMED = {Kind.INT, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.TYPEDEF, Kind.FLOAT, Kind.ENUM64, Kind.VAR}


class BtfError(ValueError):
    """The blob is not BTF that can be used; the text says why."""


class Member(NamedTuple):
    """One member of a struct or union; `bits` is its width if it is a bit field, else 0."""

    name: str
    type_id: int
    bit_offset: int
    bits: int


class Entry(NamedTuple):
    """The common words of one type."""

    kind: int
    name: str
    vlen: int
    flag: bool
    size_or_type: int
    words: int  # index of the first word after the common three


class Btf:
    """Index of one BTF blob: types by id, ids by kind and name; one pass over the type section (0.1 s for a kernel)."""

    def __init__(self, data: bytes) -> None:
        header = _header(data)
        strings = header["hdr_len"] + header["str_off"]
        self._strings = data[strings : strings + header["str_len"]]
        types = header["hdr_len"] + header["type_off"]
        section = data[types : types + header["type_len"] // 4 * 4]
        if len(section) < header["type_len"] // 4 * 4 or not 0 < header["str_len"] == len(self._strings):
            raise BtfError("BTF is cut short")
        self._words = memoryview(section).cast("I")
        self._offsets: list[int] = [0]
        self._ids: dict[tuple[int, int], int] = {}  # (kind, offset of the name) -> id
        self._enums: list[int] = []
        self.used: set[int] = set()  # ids that were asked for
        self._places: dict[str, int] = {}
        self._constants: dict[int, int] | None = None
        self._index(*_sizes(data, header))

    def _index(self, fixed: list[int], each: list[int]) -> None:
        words, offsets, ids, enums = self._words, self._offsets, self._ids, self._enums
        named, known = _NAMED, len(fixed)
        position, end, number = 0, len(words) - 2, 1
        while position < end:
            info = words[position + 1]
            kind = info >> 24 & 0x7F
            if kind >= known or fixed[kind] < 0:
                raise BtfError(f"BTF type {number} is of unknown kind {kind}")
            offsets.append(position)
            if kind in named:
                if words[position]:
                    ids.setdefault((kind, words[position]), number)
                if kind in (6, 19):  # ENUM, ENUM64; literals: this loop runs a hundred thousand times
                    enums.append(number)
            position += 3 + fixed[kind] + each[kind] * (info & 0xFFFFFF)
            number += 1
        if position > len(words):
            raise BtfError("BTF is cut short")
        self._end = position

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def string(self, offset: int) -> str:
        """The name at `offset` of the string section; empty for offset 0 and for one outside."""
        end = self._strings.find(b"\0", offset)
        return self._strings[offset:end].decode("ascii", "replace") if end > offset else ""

    def _place(self, name: str) -> int:
        """Offset of a name in the string section, where each stands once; -1 if it is not there."""
        place = self._places.get(name)
        if place is None:
            found = self._strings.find(b"\0" + name.encode() + b"\0")
            place = self._places[name] = found + 1 if found >= 0 else -1
        return place

    def find(self, kind: int, name: str) -> int | None:
        """The id of the first type of this kind and name."""
        return self._ids.get((kind, self._place(name)))

    def entry(self, type_id: int) -> Entry:
        """The common words of a type; IndexError for an id that does not exist."""
        position = self._offsets[type_id]
        self.used.add(type_id)
        name, info, size_or_type = self._words[position : position + 3]
        return Entry(
            info >> 24 & 0x7F, self.string(name), info & 0xFFFFFF, bool(info >> 31), size_or_type, position + 3
        )

    def place(self, type_id: int) -> int:
        """Index of the first word of a type; of the end of the section for the id after the last."""
        return self._offsets[type_id] if type_id < len(self._offsets) else self._end

    def strings_of(self, type_ids: Iterable[int]) -> set[int]:
        """Offsets of all names that types have: their own, and those of members, enumerators and parameters."""
        found = set()
        for number in type_ids:
            entry = self.entry(number)
            step = _EACH.get(Kind(entry.kind), 0) if entry.kind < len(Kind) else 0
            found |= {self._words[entry.words - 3]}
            if entry.kind != Kind.DATASEC and step:
                found |= set(self._words[entry.words : entry.words + step * entry.vlen : step])
        return found

    def word(self, index: int) -> int:
        """One 32-bit word of the type section."""
        return self._words[index]

    def members(self, entry: Entry) -> list[Member]:
        """The members of a struct or union in order."""
        result = []
        for at in range(entry.words, entry.words + 3 * entry.vlen, 3):
            name, type_id, offset = self._words[at : at + 3]
            bits, offset = (offset >> 24, offset & 0xFFFFFF) if entry.flag else (0, offset)
            result.append(Member(self.string(name), type_id, offset, bits))
        return result

    def enumerators(self, entry: Entry) -> list[tuple[str, int]]:
        """Names and values of an ENUM or ENUM64."""
        result = []
        step, bits = (2, 32) if entry.kind == Kind.ENUM else (3, 64)
        for at in range(entry.words, entry.words + step * entry.vlen, step):
            value = self._words[at + 1] | (self._words[at + 2] << 32 if step == 3 else 0)
            if entry.flag and value >> (bits - 1):
                value -= 1 << bits
            result.append((self.string(self._words[at]), value))
        return result

    def constant(self, name: str) -> int | None:
        """The id of the enum that declares the enumerator `name`."""
        if self._constants is None:
            self._constants = {}
            for number in self._enums:
                first, info = self._offsets[number] + 3, self._words[self._offsets[number] + 1]
                step = 2 if info >> 24 & 0x7F == Kind.ENUM else 3
                for at in range(first, first + step * (info & 0xFFFFFF), step):
                    self._constants.setdefault(self._words[at], number)
        return self._constants.get(self._place(name))


def reduced(data: bytes, used: Iterable[int]) -> bytes:
    """The blob with every type and string blanked, in place, that the ids `used` do not need: ids and size stay."""
    btf, header, keep = Btf(data), _header(data), set(used)
    types, strings = header["hdr_len"] + header["type_off"], header["hdr_len"] + header["str_off"]
    result = bytearray(data)
    for number in range(1, len(btf) + 1):
        start, end = types + 4 * btf.place(number), types + 4 * btf.place(number + 1)
        if number not in keep:  # kind and number of members stay: they tell where the next type begins
            result[start : start + 4] = bytes(4)
            result[start + 8 : end] = bytes(end - start - 8)
    result[strings : strings + header["str_len"]] = bytes(header["str_len"])
    for offset in btf.strings_of(keep):
        text = btf.string(offset).encode()
        result[strings + offset : strings + offset + len(text)] = text
    return bytes(result)


def _header(data: bytes) -> dict[str, int]:
    if len(data) < HEADER_SIZE:
        raise BtfError("BTF is shorter than its header")
    names = ("magic", "version", "flags", "hdr_len", "type_off", "type_len", "str_off", "str_len")
    header = dict(zip(names, struct.unpack_from("<HBBIIIII", data), strict=True))
    if header["magic"] != MAGIC:
        raise BtfError(f"BTF magic is {header['magic']:#x}, not {MAGIC:#x}")
    return header


def _sizes(data: bytes, header: dict[str, int]) -> tuple[list[int], list[int]]:
    """Words after the common three for each kind, -1 where unknown; Linux 7.x says so itself in a layout section:
    struct btf_layout { u8 info_sz, elem_sz; u16 flags; }[kind]."""
    fixed = [_FIXED.get(Kind(kind), 0) for kind in Kind]
    each = [_EACH.get(Kind(kind), 0) for kind in Kind]
    if header["hdr_len"] >= 32 and len(data) >= 32:
        offset, length = struct.unpack_from("<II", data, 24)
        layout = data[header["hdr_len"] + offset : header["hdr_len"] + offset + length]
        for at in range(4 * len(fixed), len(layout) - 3, 4):
            fixed.append(layout[at] // 4)
            each.append(layout[at + 1] // 4)
    fixed[Kind.VOID] = -1
    return fixed, each
