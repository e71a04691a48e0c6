"""The base register of an arm64 load or store: enough to compute the address that the faulting instruction used.

Encodings from the Arm Architecture Reference Manual, "Loads and Stores". A full disassembler is
not needed for a log's one word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FAULTING = re.compile(r"\(([0-9a-f]{8})\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operand:
    """`[x19, #24]`: base register, byte offset or index register with its shift."""

    base: str
    offset: int = 0
    index: str | None = None
    shift: int = 0

    @property
    def text(self) -> str:
        """The operand as the report prints it: x19+0x18."""
        if self.index:
            return f"{self.base}+{self.index}" + (f"<<{self.shift}" if self.shift else "")
        return f"{self.base}{self.offset:+#x}" if self.offset else self.base

    def address(self, registers: dict[str, int]) -> int | None:
        """The virtual address, from the registers as they were before the instruction; None if one is missing."""
        base = registers.get(self.base)
        index = registers.get(self.index) if self.index else 0
        return None if base is None or index is None else (base + self.offset + (index << self.shift)) & (1 << 64) - 1


def faulting_word(code: str | None) -> int | None:
    """The instruction in parentheses of a `Code: d53bd056 b940c261 (b9401a63)` line."""
    found = FAULTING.search(code or "")
    return int(found[1], 16) if found else None


def register(number: int) -> str:
    return "sp" if number == 31 else f"x{number}"


def signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> bits - 1 & 1 else value


def operand(word: int) -> Operand | None:
    """The memory operand of a load or store, None for anything else (and for what is not decoded: SVE, MTE, literal
    loads)."""
    base, size, vector = register(word >> 5 & 31), word >> 30, word >> 26 & 1
    if vector and word >> 23 & 1:
        size = 4  # 128-bit SIMD register
    if word >> 27 & 7 == 0b101 and word >> 23 & 7 in (0b000, 0b001, 0b010, 0b011):  # pairs: LDP, STP, LDPSW, LDNP
        return pair(word, base, vector)
    if word >> 24 & 0x3F == 0b001000:  # exclusives, ordered loads, CAS: base only
        return Operand(base=base)
    if word >> 27 & 7 != 0b111 or word >> 25 & 1:
        return None
    if word >> 24 & 1:  # unsigned offset
        return Operand(base=base, offset=(word >> 10 & 0xFFF) << size)
    return unscaled(word, base, size)


def pair(word: int, base: str, vector: int) -> Operand:
    """LDP and STP in their four forms; post-index uses the base as it is."""
    scale = (word >> 30) + 2 if vector else 2 + (word >> 31)
    post = word >> 23 & 3 == 1
    return Operand(base=base, offset=0 if post else signed(word >> 15 & 0x7F, 7) << scale)


def unscaled(word: int, base: str, size: int) -> Operand | None:
    """LDUR, pre- and post-index, register offset and atomics."""
    if word >> 21 & 1:
        if word >> 10 & 3 == 0:
            return Operand(base=base)  # atomics: LDADD and the like
        if word >> 10 & 1:
            return None  # LDRAA, LDRAB: the base is a signed pointer
        index = word >> 16 & 31
        if word >> 13 & 7 != 3:
            return None  # a 32-bit or sign-extended index: not worth decoding
        return Operand(base=base, index=None if index == 31 else f"x{index}", shift=size if word >> 12 & 1 else 0)
    post = word >> 10 & 3 == 1
    return Operand(base=base, offset=0 if post else signed(word >> 12 & 0x1FF, 9))
