"""Whom to blame: the function that stands in a crash's title.

Not the innermost one: whatever notices a fault of its caller (sanitizers, locks, lists, string functions) is passed over. The
names are data: `grammars/signature/frames.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from triage import resources
from triage.model import Crash, Frame, Trace

IN_FUNCTION = re.compile(
    r"(?: in | at \S+:\d+ |:\d+ at )\.?(?P<function>[A-Za-z_$][\w$]*)(?:\.[\w.]+)?(?:\+0x|\(\)|$| )"
)
OWN = ("", "call trace", "backtrace", "stack backtrace")
INTERRUPTS = {"IRQ", "NMI", "SOFTIRQ", "HARDIRQ"}


@cache
def table() -> dict[str, list[dict[str, object]]]:
    """frames.toml as it is."""
    return tomllib.loads((resources.folder("grammars") / "signature" / "frames.toml").read_text(encoding="utf-8"))


@cache
def names(group: str) -> re.Pattern[str]:
    """All patterns of one kind of group of frames.toml, for whole function names."""
    return re.compile("|".join(f"(?:{pattern})" for entry in table()[group] for pattern in entry["functions"]))  # type: ignore[attr-defined]


@cache
def variants() -> tuple[tuple[re.Pattern[str], str], ...]:
    """What different names of one function look like, and its one name."""
    return tuple((re.compile(str(entry["match"])), str(entry["name"])) for entry in table()["canonical"])


def canonical(function: str) -> str:
    """One name for the variants of a function: `__x64_sys_read` and `__arm64_sys_read` are `sys_read`."""
    for pattern, name in variants():
        if found := pattern.fullmatch(function):
            return found.expand(name)
    return function


@dataclass(frozen=True, slots=True)
class Blame:
    """Looks for the function to blame in the places that a title rule names."""

    crash: Crash
    skip: re.Pattern[str] | None = None

    def first(self, places: tuple[str, ...]) -> str | None:
        """The first function that any place gives."""
        return next((name for place in places for name in SOURCES[place](self)), None)

    def guilty(self, function: str) -> bool:
        """Whether a function can be blamed at all."""
        return not names("helper").fullmatch(function) and not (self.skip and self.skip.fullmatch(function))

    def header(self) -> Iterator[str]:
        """The function that a header line names."""
        for line in self.crash.header:
            if (found := IN_FUNCTION.search(line)) and self.guilty(found["function"]):
                yield found["function"]

    def site(self) -> Iterator[str]:
        """The function that the instruction pointer was in."""
        if self.crash.function and self.guilty(self.crash.function):
            yield self.crash.function

    def trace(self) -> Iterator[str]:
        """The reliable frames of the first call trace, innermost first."""
        for trace in main_traces(self.crash)[:1]:
            yield from (f.function for f in trace.frames if f.reliable and self.guilty(f.function))

    def lock(self) -> Iterator[str]:
        """The function that took or wanted the lock, as lockdep lists it."""
        for name in self.crash.detail.get("locked_in", ()):
            if self.guilty(name):
                yield name

    def stall(self) -> Iterator[str]:
        """The entry point of what runs: a stall is noticed anywhere in a loop, the innermost frame says little."""
        for trace in self.crash.traces:
            frames = [f.function for f in interrupted(trace.frames) if f.reliable]
            for inner, outer in pairwise(frames):
                if names("dispatcher").fullmatch(outer) and self.guilty(inner):
                    yield inner
                    break


SOURCES = {"header": Blame.header, "site": Blame.site, "trace": Blame.trace, "lock": Blame.lock, "stall": Blame.stall}


def main_traces(crash: Crash) -> list[Trace]:
    """The traces of the crash itself, not of what allocated, freed or locked before."""
    return [trace for trace in crash.traces if trace.heading.lower() in OWN and trace.frames]


def interrupted(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """What ran before the interrupt that noticed the stall."""
    last = max(
        (i for i, f in enumerate(frames) if f.stack in INTERRUPTS or names("interrupt").fullmatch(f.function)),
        default=-1,
    )
    return frames[last + 1 :]
