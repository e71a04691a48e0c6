"""The kernel's own symbol table (kallsyms), read as four arrays that VMCOREINFO locates, or `kallsymsearch.py` finds.

    kallsyms_names        length (one byte, two where bit 7 is set), then that many token numbers; sorted by address
    kallsyms_token_table  256 NUL-terminated strings, kallsyms_token_index u16[256] their offsets
    kallsyms_offsets      s32[n], counted from kallsyms_relative_base or from their own place (scripts/kallsyms.c)

drgn has a loader in C, which takes three times as long. A symbol is found by its name without expanding all the others:
tokens were made from 255 downwards, each of the pair of tokens that was then the most frequent, so the pairs can be
worked out and any name be compressed as the kernel's build compressed it.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property

from drgn import Program, Symbol, SymbolBinding, SymbolKind

from triage.vmcore import kallsymsearch
from triage.vmcore.core import Core

_MAX_SYMBOLS = 8 << 20
_SAMPLE = 64
_BETWEEN = "\u0100"
_BYTES_PER_NAME = 32  # tokens of one name on average; kernels need about 12


class Kallsyms:
    """A symbol finder in drgn's sense for the core kernel. ValueError or LookupError if the table cannot be used."""

    def __init__(self, prog: Program, address: dict[str, int]) -> None:
        self._count = prog.read_u32(address["kallsyms_num_syms"])
        if not 0 < self._count <= _MAX_SYMBOLS:
            raise ValueError(f"kallsyms of {self._count} symbols")
        self.used: set[int] = set()  # indexes of the symbols that were asked for
        self._places = address
        index = struct.unpack("<256H", prog.read(address["kallsyms_token_index"], 512))
        table = prog.read(address["kallsyms_token_table"], index[255] + 64)
        self._tokens = [table[at : table.index(b"\0", at)] for at in index]
        self._names = _read_names(prog, address, self._count)
        self._merges = _merges(self._tokens)
        # backwards: the first of a name wins
        self._compressed = dict(zip(reversed(self._names), range(self._count - 1, -1, -1), strict=True))
        self._codes = {self._tokens[name[0]][:1] for name in self._names if name}  # T, t, D ...
        if not self._as_built():
            self._merges = None
        offsets = struct.unpack(f"<{self._count}i", prog.read(address["kallsyms_offsets"], 4 * self._count))
        self._offsets = offsets
        relative = address.get("kallsyms_relative_base")
        self._shared_base = relative is not None
        if relative is None:  # Linux 7.x: each offset counts from its own place
            own = range(address["kallsyms_offsets"], address["kallsyms_offsets"] + 4 * self._count, 4)
            self._addresses = [(place + offset) & _ALL for place, offset in zip(own, offsets, strict=True)]
        else:
            self._addresses = self._resolve(offsets, prog.read_u64(relative), address["_stext"])
        if self._addresses[self._stext] != address["_stext"]:
            raise ValueError("kallsyms and VMCOREINFO disagree about _stext")

    def _resolve(self, offsets: tuple[int, ...], base: int, stext: int) -> list[int]:
        """Addresses of offsets: base + offset, or, with per-CPU symbols as absolute values (x86 before 01157ddc58dc of
        6.15), negative offsets count down from base - 1. Which of both holds is told by the known address of `_stext`.
        """
        at = self._stext
        if base + (offsets[at] & 0xFFFFFFFF) == stext:
            return [base + (offset & 0xFFFFFFFF) for offset in offsets]
        return [offset if offset >= 0 else base - 1 - offset for offset in offsets]

    def _as_built(self) -> bool:
        """Whether names are compressed the way that is known, by a sample of them."""
        sample = self._names[:: max(1, self._count // _SAMPLE)]
        return self._merges is not None and _compress(map(self._expand, sample), self._merges) == sample

    def _expand(self, name: bytes) -> bytes:
        return b"".join(map(self._tokens.__getitem__, name))

    def _find(self, name: bytes) -> int | None:
        """The index of the first symbol of a name."""
        if self._merges is None:
            return self._by_name.get(name)
        keys = _compress((code + name for code in self._codes), self._merges)
        return min((self._compressed[key] for key in keys if key in self._compressed), default=None)

    @cached_property
    def _stext(self) -> int:
        at = self._find(b"_stext")
        if at is None:
            raise ValueError("kallsyms has no _stext")
        return at

    @cached_property
    def _by_name(self) -> dict[bytes, int]:
        return {self._expand(self._names[at])[1:]: at for at in range(self._count - 1, -1, -1)}

    def _name(self, at: int) -> str:
        return self._expand(self._names[at]).decode("ascii", "replace")[1:]

    def __call__(self, prog: Program, name: str | None, address: int | None, one: bool) -> Sequence[Symbol]:
        if name is not None:
            at = self._find(name.encode())
            found = [] if at is None else [self._symbol(at)]
            return [s for s in found if address is None or s.address <= address < s.address + s.size]
        if address is None:
            return [self._symbol(at) for at in range(self._count)]
        at = bisect_right(self._addresses, address) - 1
        if at < 0 or self._outside(address, at):
            return []
        # of several symbols at one address the first is the one that the kernel prints
        found = self._symbol(bisect_left(self._addresses, self._addresses[at]))
        return [found] if found.name else []

    def reduced(self) -> list[tuple[int, bytes]]:
        """Address and content of kallsyms_names and kallsyms_offsets with all symbols emptied that nobody asked for.

        The empty ones between two kept symbols are moved to the first of them, so that every kept symbol has its size
        and an address outside them has no name.
        """
        filler = next(token for token, text in enumerate(self._tokens) if text in (b"t", b"d", b"b", b"r"))
        keep, offsets = self.used | {self._stext}, list(self._offsets)
        for at in range(1, self._count):
            if self._shared_base and at not in keep and at - 1 not in keep:
                offsets[at] = offsets[at - 1]
        names = (name if at in keep else bytes([filler]) for at, name in enumerate(self._names))
        packed = b"".join(_length(name) + name for name in names)
        rest = bytes(sum(len(_length(name) + name) for name in self._names) - len(packed))
        places = self._places
        return [
            (places["kallsyms_names"], packed + rest),
            (places["kallsyms_offsets"], struct.pack(f"<{self._count}i", *offsets)),
        ]

    def _outside(self, address: int, at: int) -> bool:
        """Whether an address lies behind the image, or above the per-CPU symbols, which count from 0, and below it."""
        if at + 1 == self._count:
            return bool(address != self._addresses[at])
        if address >> 63 != self._addresses[at] >> 63:
            return True
        end = self._per_cpu_end
        return address >> 63 == 0 and (end is None or address >= self._addresses[end])

    @cached_property
    def _per_cpu_end(self) -> int | None:
        return self._find(b"__per_cpu_end")

    def _symbol(self, at: int) -> Symbol:
        self.used.add(at)
        address = self._addresses[at]
        following = bisect_right(self._addresses, address)
        end = min(self._addresses[following] if following < self._count else address, address + _MAX_SIZE)
        code = chr(self._tokens[self._names[at][0]][0])
        kind = SymbolKind.FUNC if code in "tTwW" else SymbolKind.OBJECT
        binding = SymbolBinding.GLOBAL if code.isupper() else SymbolBinding.LOCAL
        return Symbol(self._name(at), address, end - address, binding, kind)


_NEEDED = (
    "kallsyms_num_syms",
    "kallsyms_names",
    "kallsyms_token_table",
    "kallsyms_token_index",
    "kallsyms_offsets",
    "kallsyms_relative_base",  # not where offsets count from their own places
    "_stext",
)
_ALL = 0xFFFFFFFFFFFFFFFF
_MAX_SIZE = 64 << 20  # nothing in a kernel image is as large; a module or stack address is not its last symbol


def locate(core: Core) -> dict[str, int]:
    """Addresses of the arrays and of _stext: from VMCOREINFO (f09bddbd8661, 6.0), else by looking for them.

    What was found is entered among the core's VMCOREINFO, so that a minicore has it.
    """
    if "SYMBOL(kallsyms_names)" not in core.info:
        with core.unrecorded():
            found = kallsymsearch.search(core.prog, int(core.info["SYMBOL(_stext)"], 16))
        core.info |= {f"SYMBOL({name})": f"{address:x}" for name, address in found.items()}
    return {name: int(core.info[key], 16) for name in _NEEDED if (key := f"SYMBOL({name})") in core.info}


def _length(name: bytes) -> bytes:
    """The length in front of a compressed name."""
    return bytes([len(name)]) if len(name) < 0x80 else bytes([len(name) & 0x7F | 0x80, len(name) >> 7])


def _merges(tokens: Sequence[bytes]) -> list[tuple[str, str]] | None:
    """The pair of tokens that each longer token was made of, in the order of making (optimize_result() of
    scripts/kallsyms.c); None if they were not made so."""
    found: list[tuple[str, str]] = []
    for code in range(255, -1, -1):
        if len(tokens[code]) > 1:
            (pair,) = _compress([tokens[code]], found)
            if len(pair) != 2:
                return None
            found.append((pair.decode("latin-1"), chr(code)))
    return found


def _compress(names: Iterable[bytes], merges: Sequence[tuple[str, str]]) -> list[bytes]:
    """Names, their type letters in front, as token numbers; a character is its own. All at once, with what is no byte
    between them."""
    text = _BETWEEN.join(name.decode("latin-1") for name in names)
    for pair, code in merges:
        text = text.replace(pair, code)
    return [name.encode("latin-1") for name in text.split(_BETWEEN)]


def _read_names(prog: Program, address: dict[str, int], count: int) -> list[bytes]:
    """The compressed names. The section has no length of its own, but another array always follows it."""
    start = address["kallsyms_names"]
    after = [other for name, other in address.items() if other > start and name.startswith("kallsyms")]
    end = min([*after, start + _BYTES_PER_NAME * count])
    raw, names, at = prog.read(start, end - start), [], 0
    for _ in range(count):
        length = raw[at]
        at += 1
        if length & 0x80:  # 73bbb94466fd ("kallsyms: support "big" kernel symbols", 6.1)
            length = length & 0x7F | raw[at] << 7
            at += 1
        names.append(raw[at : at + length])
        at += length
    if at > len(raw):
        raise ValueError("kallsyms names are damaged")
    return names
