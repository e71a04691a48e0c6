"""Whom to blame: the function that stands in a crash's title.

Not the innermost one: whatever notices a fault of its caller (sanitizers, locks, lists, string functions) is passed
over. Where to look is a path through the clues of a report, and the names are data: `grammars/signature/`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from triage import resources
from triage.logs.kinds._clues import Clue

REMEMBERED = 4096  # names of functions; the same ones stand in many traces
HEADINGS = {  # steps of a path that are a line between traces
    "call": re.compile(r"Call [Tt]race|Backtrace"),
    "leak": re.compile(r"backtrace"),
    "became": re.compile(r"\.\.\. which became"),
    "created": re.compile(r"Local variable|Uninit was created"),
    "owner": re.compile(r"page last allocated"),
}


@cache
def table() -> dict[str, Any]:
    """frames.toml as it is."""
    return tomllib.loads((resources.folder("grammars") / "signature" / "frames.toml").read_text(encoding="utf-8"))


@cache
def names(group: str) -> re.Pattern[str]:
    """All patterns of one group of frames.toml, for any part of a function's name."""
    return re.compile("|".join(f"(?:{pattern})" for entry in table()[group] for pattern in entry["functions"]))


@dataclass(frozen=True, slots=True)
class Name:
    """A function under its one name, and as the report spells it."""

    canonical: str
    raw: str

    @classmethod
    @lru_cache(REMEMBERED)
    def of(cls, function: str) -> Name:
        """`__x64_sys_read` is `sys_read`, `__se_sys_mount` `mount`: the shortest that taking off one prefix leaves."""
        return cls(min((function.removeprefix(prefix) for prefix in prefixes()), key=len), function)

    def spellings(self) -> list[str]:
        """The name as the report spells it, and without each prefix that it has."""
        shorter = (self.raw.removeprefix(prefix) for prefix in prefixes())
        return list(dict.fromkeys([self.raw, *shorter]))


@cache
def prefixes() -> tuple[str, ...]:
    """What architectures and versions put before the name of a system call."""
    return tuple(prefix for entry in table()["variant"] for prefix in entry["prefixes"])


@dataclass(frozen=True, slots=True)
class Trail:
    """What following a path found: one name for each trace on it, and whether frames of another report stand in it."""

    names: tuple[Name | None, ...]
    mixed: bool = False

    @property
    def whole(self) -> bool:
        """Whether nothing is missing and nothing is foreign."""
        return None not in self.names and not self.mixed


class Walk:
    """Reads clues in their order and keeps the functions that can be blamed."""

    def __init__(self, clues: Iterable[Clue], skip: re.Pattern[str] | None) -> None:
        self.clues, self.skip = iter(clues), skip
        self.found, self.mixed = list[Name](), False

    def own(self) -> Iterator[Clue]:
        """The next clues, up to one that only another report can have left."""
        for clue in self.clues:
            if clue.kind == "frame" and is_one("foreign", clue.name):
                self.mixed = True
                return
            yield clue

    def seek(self, step: str) -> None:
        """Go behind the next clue that a step looks for, and keep its function."""
        for clue in self.own():
            if meets(clue, step):
                self.keep(clue, step)
                return

    def collect(self, until: str) -> bool:
        """Keep the frames up to the next trace, or to what the step behind looks for; whether that came."""
        for clue in self.own():
            if clue.kind == "trace":
                return False
            if until and meets(clue, until):
                self.keep(clue, until)
                return True
            self.keep(clue, "frame")
        return False

    def keep(self, clue: Clue, step: str) -> None:
        """Keep a function that the step asks for, if it can be blamed or the step asks for any."""
        if clue.kind == step.rstrip("!") and (step.endswith("!") or guilty(clue.name, self.skip)):
            self.found.append(Name.of(clue.name))

    def choose(self, pick: str) -> Name | None:
        """The function among the kept ones that names their trace; the next trace begins anew."""
        found, self.found = self.found, []
        return PICKS[pick](found) if found else None


def follow(clues: Iterable[Clue], path: str, skip: re.Pattern[str] | None, pick: str) -> Trail:
    """Go through the clues step by step; the words of a path are explained in the README of the signatures."""
    walk, steps, at = Walk(clues, skip), path.split(), 0
    chosen, collected = list[Name | None](), False
    while at < len(steps):
        step, at = steps[at], at + 1
        if step != "frames":
            walk.seek(step)
            continue
        if collected:
            chosen.append(walk.choose(pick))
        collected = True
        at += walk.collect(steps[at] if at < len(steps) else "")
    return Trail((*chosen, walk.choose(pick)), walk.mixed)


def meets(clue: Clue, step: str) -> bool:
    """Whether a clue is what a step looks for."""
    if step in HEADINGS:
        return clue.kind in ("trace", "heading") and bool(HEADINGS[step].match(clue.name))
    if step == "interrupt" and clue.kind in ("frame", "aside"):
        return is_one("interrupt", clue.name)
    return clue.kind == step.rstrip("!")


def guilty(function: str, skip: re.Pattern[str] | None) -> bool:
    """Whether a function can be blamed at all."""
    return bool(function) and not is_one("helper", function) and not (skip and skip.search(function))


@lru_cache(REMEMBERED)
def is_one(group: str, function: str) -> bool:
    """Whether a function belongs to a group of frames.toml."""
    return bool(names(group).search(function))


def first(functions: list[Name]) -> Name | None:
    """The innermost."""
    return functions[0]


def stall(functions: list[Name]) -> Name | None:
    """The entry of what runs, which some dispatcher called: the innermost frame of a loop is chance."""
    for inner, name in pairwise([functions[0], *functions]):
        if landmark := names("landmark").search(name.canonical):
            return Name(landmark[0], name.raw)
        if is_one("dispatcher", name.canonical):
            return inner
    return None


def hang(functions: list[Name]) -> Name | None:
    """What is known to stop the whole system, else the first frame that is no waiting."""
    for name in functions:
        if is_one("shared", name.canonical):
            return Name(shared(name.canonical), name.raw)
    return next((name for name in functions if not is_one("sleep", name.canonical)), None)


def shared(function: str) -> str:
    """The one name of the ways to wait for the same thing, where frames.toml gives one."""
    entries = (entry for entry in table()["shared"] if any(re.search(p, function) for p in entry["functions"]))
    return str(next(entries).get("name", function))


PICKS: dict[str, Callable[[list[Name]], Name | None]] = {"first": first, "stall": stall, "hang": hang}
