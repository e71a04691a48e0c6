"""Takes out of results what must not leave the house, before any report is made: same thing, same token, everywhere.

    web01.example.com, 192.0.2.7, /home/alice/x  ->  host-1, ip-1, path-1
    0xffff888104a3f678                           ->  0xffffeeee00001678     page made up, offset inside the page kept
    PFN 0x40272d, physical address 0x40272d260   stay: coordinates of the hardware say nothing of kernel or user

Pure: objects of the model in, objects of the model out; the verdict was reached before and cannot change. What is
replaced and what is not: docs/redaction.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from triage import sensitive
from triage.errors import InputError
from triage.model import Crash
from triage.tokens import PSEUDO, Tokens

T = TypeVar("T")

# Fields and keys whose whole value is of one sort, wherever they stand; those of one class go first.
SORTS = {
    "host": "host", "hostname": "host", "boot_id": "boot", "boot": "boot", "source": "input", "memcg": "memcg",
    "ppin": "serial", "serial": "serial", "serial_number": "serial", "cmdline": "cmdline", "path": "path",
    "kernel_offset": "offset", "kernel_base": "offset",
    "Source.path": "input", "CoreFacts.path": "input", "InputError.path": "input", "Skipped.name": "input",
}  # fmt: skip
KEPT = frozenset(("sha256", "build_id", "format", "arch", "code"))  # of files, of kernels: not of people
DROPPED = frozenset(("CoreFacts.log",))  # no report shows it; its events are in the case
REGISTERS = frozenset(("registers", "user_registers", "fault_address"))
STATUS = frozenset(
    ("pstate", "esr", "error_code", "cr0", "cr4", "eflags", "rflags", "cpsr", "psr", "dsisr", "status", "cause")
)
COORDINATES = frozenset(("physical_address", "pfn", "page", "addr", "head_pfn"))
NARROW = frozenset(("i386", "arm", "mips"))
WORD = re.compile(r"[A-Za-z0-9]+|.", re.S)
BOTTOM, SMALL, ERRNO = 0xFFFF_0000_0000_0000, 1 << 20, (1 << 64) - 4096


class Redactor:
    """Replaces what is sensitive; `tokens` knows what was replaced, so that all outputs of a run agree."""

    def __init__(self, known: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.tokens = Tokens(known)
        self.addresses: set[int] = set()  # what a register or a pointer held
        self.coordinates: set[int] = set()  # what the hardware said
        self.pattern: tuple[int, re.Pattern[str] | None] = (-1, None)
        self.width = 0  # hex digits of the words that are register values in the text at hand, 0: none
        self.code = False  # the text at hand lists instructions

    def redact(self, item: T) -> T:
        """The object with everything sensitive in it replaced."""
        parts = list(leaves(item))
        for owner, name, value in parts:
            self.locate(name, value)
            sort = sort_of(owner, name)
            if sort and isinstance(value, str):
                self.learn(**{sort: value})
        for _, name, value in parts:
            self.point(name, value)
        made: T = self.replaced(item)
        return made

    def learn(self, **values: str | None) -> None:
        """Remember values of known sorts: learn(host="web01")."""
        for sort, value in values.items():
            if value and len(value) > 1:
                self.tokens.text(sort, value)

    def text(self, text: str, width: int = 0) -> str:
        """A string with everything replaced that is known or looks like something sensitive."""
        self.code = bool(sensitive.INSTRUCTIONS.search(text))
        self.width = 0 if self.code else width
        ahead, done, at, out = Ahead(text, self.known(), looks()), 0, 0, list[str]()
        while match := ahead.first(at):
            token = self.found(match)
            if token is None:  # no such thing after all; there may be something inside
                word = WORD.match(text, match.start())
                at = word.end() if word else match.end()
                continue
            out += [text[done : match.start()], token]
            done = at = match.end()
        return "".join(out) + text[done:]

    def summary(self) -> str:
        """What was replaced, for the reader of the report."""
        return f"redacted: {self.tokens.summary()}; page frame numbers and physical addresses stay"

    # ------------------------------------------------------------ numbers

    def locate(self, name: str, value: object) -> None:
        """Remember coordinates of the hardware and status words: a register that holds one is no secret."""
        if isinstance(value, int) and name in COORDINATES:
            self.coordinates |= {value, value >> 12}
        elif isinstance(value, int) and name in STATUS:
            self.coordinates.add(value)

    def point(self, name: str, value: object) -> None:
        """Remember what registers and pointers held."""
        if not isinstance(value, int) or name.startswith("physical") or self.plain(value):
            return
        if name in REGISTERS or (value >> 63 and (name.endswith("address") or name == "addresses")):
            self.addresses.add(value)

    def plain(self, value: int) -> bool:
        """Whether a number tells nothing: small, an error number, poison, made up already, or the hardware's."""
        known = value in self.coordinates or value >> 12 in self.coordinates
        return known or value < SMALL or value >= ERRNO or value in sensitive.POISON or value >> 32 == PSEUDO >> 32

    def is_address(self, value: int) -> bool:
        """Whether a number is known as an address or can be nothing else."""
        return not self.plain(value) and (value in self.addresses or value >= BOTTOM)

    def integer(self, value: int, name: str) -> int | str:
        """A number, replaced if it is an address or identifies a part."""
        sort = SORTS.get(name)
        if sort in ("serial", "offset"):
            return self.tokens.text(sort, f"{value:#x}")
        coordinate = name in COORDINATES or name in STATUS or name.startswith("physical")
        return self.tokens.number(value) if not coordinate and self.is_address(value) else value

    # ------------------------------------------------------------ objects

    def replaced(self, item: Any, name: str = "", owner: str = "", width: int = 0) -> Any:
        """Any value of the model, deeply; `name` and `owner` say where it stands."""
        if isinstance(item, str):
            return self.string(item, name, owner, width)
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, int):
            return self.integer(item, name)
        if isinstance(item, (tuple, list)):
            return type(item)([self.replaced(part, name, owner, width) for part in item])
        if isinstance(item, dict):
            return {key: self.replaced(part, inner(name, str(key)), "dict", width) for key, part in item.items()}
        if isinstance(item, InputError):
            return InputError(self.tokens.text("input", item.path), self.text(item.reason))
        return self.record(item, width) if is_dataclass(item) else item

    def string(self, item: str, name: str, owner: str, width: int) -> str | None:
        """A string by what its field says, else by what it looks like."""
        if f"{owner}.{name}" in DROPPED:
            return None
        if name in KEPT:
            return item
        sort = sort_of(owner, name)
        return self.tokens.text(sort, item) if sort and item else self.text(item, width)

    def record(self, item: Any, width: int) -> Any:
        """A dataclass; the lines of a crash hold registers and stack words, which may be anything."""
        if isinstance(item, Crash):
            width = 8 if item.arch in NARROW else 16
        form: Any = type(item)
        changes = {name: self.replaced(getattr(item, name), name, form.__name__, width) for name in free(form)}
        return replace(item, **changes)

    # ------------------------------------------------------------ text

    def known(self) -> re.Pattern[str] | None:
        """The pattern of all that fields told, None if they told nothing."""
        if self.pattern[0] != self.tokens.size():
            parts = [re.escape(value) for value in self.tokens.values()]
            parts += [rf"(?:[\w-]{{1,63}}\.){{1,8}}{re.escape(domain)}" for domain in self.tokens.domains()]
            row = rf"(?<![A-Za-z0-9])(?P<known>(?i:{'|'.join(parts)})(?![A-Za-z0-9]))"
            self.pattern = self.tokens.size(), re.compile(row) if parts else None
        return self.pattern[1]

    def found(self, match: re.Match[str]) -> str | None:
        """What stands for a match; None if it only looked like something."""
        sort = str(match.lastgroup)
        if sort == "known":
            return self.tokens.text(self.tokens.sort_of(match[0]) or "host", match[0])
        if sort == "address":
            return self.word(match)
        if sort == "bytes" and self.code:
            return match[0]
        keys = (part for name, part in match.groupdict().items() if name.startswith(f"{sort}_key") and part)
        key = next(keys, "")
        return self.judged(sort, key, match[0][len(key) :])

    def judged(self, sort: str, key: str, value: str) -> str | None:
        """What stands for a value that looks like something of that sort, if it is one."""
        if not sensitive.JUDGES.get(sort, sensitive.anything)(value):
            return None
        home = sensitive.HOMES.search(value)
        if home:
            self.tokens.text("user", home["user"])
        return key + self.tokens.text(sort, value)

    def word(self, match: re.Match[str]) -> str:
        """A hex number: an address by its value, or because of the kind of line it stands in."""
        digits, value = match[0].removeprefix("0x"), int(match[0], 16)
        before = match.string[max(0, match.start() - 16) : match.start()]
        register = len(digits) == self.width and not self.plain(value) and not sensitive.PLAIN_NUMBER.search(before)
        if not (register or self.is_address(value)):
            return match[0]
        return match[0][: -len(digits)] + f"{self.tokens.number(value):x}"


@cache
def looks() -> re.Pattern[str]:
    """The pattern of all that only looks sensitive."""
    rows = [f"(?P<{sort}>{pattern})" for sort, pattern in sensitive.PATTERNS.items()]
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(rows)})")


class Ahead:
    """The next match of several patterns in a text; what one of them found stays found until it is passed."""

    def __init__(self, text: str, *patterns: re.Pattern[str] | None) -> None:
        self.text = text
        self.found = {pattern: pattern.search(text) for pattern in patterns if pattern}

    def first(self, at: int) -> re.Match[str] | None:
        """The match that begins first from `at` on; of two that begin at one place that of the earlier pattern."""
        for pattern, match in self.found.items():
            if match and match.start() < at:
                self.found[pattern] = pattern.search(self.text, at)
        return min(filter(None, self.found.values()), key=re.Match.start, default=None)


def inner(name: str, key: str) -> str:
    """What the value of a dictionary is called: all registers are registers, but for those that hold a status."""
    return name if name in REGISTERS and key not in STATUS else key


def sort_of(owner: str, name: str) -> str | None:
    """The sort of a field or key; that of its class first."""
    return SORTS.get(f"{owner}.{name}", SORTS.get(name))


@cache
def free(form: Any) -> tuple[str, ...]:
    """The fields of a dataclass that may hold anything: those of a fixed vocabulary may not."""
    hints = get_type_hints(form)
    return tuple(f.name for f in fields(form) if f.init and not fixed(hints[f.name]))


def fixed(hint: Any) -> bool:
    """Whether a type is a choice of words."""
    return get_origin(hint) is Literal or any(get_origin(part) is Literal for part in get_args(hint))


def leaves(item: Any, name: str = "", owner: str = "") -> Iterator[tuple[str, str, object]]:
    """(class or "dict", field or key, value) of everything in an object."""
    if isinstance(item, (tuple, list)):
        for part in item:
            yield from leaves(part, name, owner)
    elif isinstance(item, dict):
        for key, part in item.items():
            yield from leaves(part, inner(name, str(key)), "dict")
    elif isinstance(item, InputError):
        yield "InputError", "path", item.path
    elif is_dataclass(item) and not isinstance(item, type):
        for each in free(type(item)):
            yield from leaves(getattr(item, each), each, type(item).__name__)
    else:
        yield owner, name, item
