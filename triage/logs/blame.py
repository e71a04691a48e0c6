"""Whom to blame: the function that stands in a crash's title.

Not the innermost one: whatever notices a fault of its caller (sanitizers, locks, lists, string functions) is passed
over. The names are data: `grammars/signature/frames.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, takewhile

from triage import resources
from triage.model import Crash, Frame, Trace

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
def variants(crash_type: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What different names of one function look like, and its one name, in crashes of one type."""
    entries = [entry for entry in table()["canonical"] if entry.get("type", crash_type) == crash_type]
    return tuple((re.compile(str(entry["match"])), str(entry["name"])) for entry in entries)


def canonical(function: str, crash_type: str) -> str:
    """One name for the variants of a function: `__x64_sys_read` and `__arm64_sys_read` are `sys_read`."""
    for pattern, name in variants(crash_type):
        if found := pattern.fullmatch(function):
            return found.expand(name)
    return function


@dataclass(frozen=True, slots=True)
class Blame:
    """Looks for the function to blame in the places that a title rule names."""

    crash: Crash
    skip: re.Pattern[str] | None = None

    def choose(self, places: tuple[str, ...]) -> str | None:
        """The first function that any place gives."""
        return next((name for place in places for name in SOURCES[place](self)), None)

    def guilty(self, function: str) -> bool:
        """Whether a function can be blamed at all."""
        return not names("helper").fullmatch(function) and not (self.skip and self.skip.fullmatch(function))

    def header(self) -> Iterator[str]:
        """The functions that the header lines name."""
        yield from filter(self.guilty, self.crash.detail.get("named", ()))

    def pointer(self) -> Iterator[str]:
        """The function that the instruction pointer was in, helper or not."""
        if self.crash.detail.get("pointer") and self.crash.function:
            yield self.crash.function

    def named(self) -> Iterator[str]:
        """The functions that the header lines name, helpers or not."""
        yield from self.crash.detail.get("named", ())

    def site(self) -> Iterator[str]:
        """The function that the instruction pointer was in."""
        if self.crash.detail.get("pointer") and self.crash.function and self.guilty(self.crash.function):
            yield self.crash.function

    def trace(self) -> Iterator[str]:
        """The reliable frames of the first call trace, innermost first."""
        for trace in main_traces(self.crash)[:1]:
            own = takewhile(lambda f: not (seen(f) and names("foreign").fullmatch(f.function)), trace.frames)
            yield from (f.function for f in own if seen(f) and self.guilty(f.function))

    def first(self) -> Iterator[str]:
        """The reliable frames of all traces in their order."""
        for trace in self.crash.traces:
            yield from (f.function for f in trace.frames if seen(f) and self.guilty(f.function))

    def hang(self) -> Iterator[str]:
        """What is known to stop the whole system, else the first frame that is no waiting."""
        functions = [f.function for trace in main_traces(self.crash)[:1] for f in trace.frames if seen(f)]
        yield from (name for name in functions if names("shared").fullmatch(name))
        yield from (name for name in functions if not names("sleep").fullmatch(name) and self.guilty(name))

    def lock(self) -> Iterator[str]:
        """The function that wanted the lock; lockdep names it first."""
        wanted = self.crash.detail.get("locked_in", ())[:1]
        yield from (name for name in wanted if names("owner").fullmatch(name) or self.guilty(name))

    def interrupted(self) -> Iterator[str]:
        """The entry point of what an interrupt found running: the innermost frame of a loop says little."""
        for trace in self.crash.traces:
            inside = interrupted(trace.frames)
            if len(inside) < len(trace.frames):
                yield from self.entry(inside)
        for trace, behind in pairwise(self.crash.traces):
            if trace.heading.startswith("NMI backtrace") and trace.frames:
                yield from self.entry(trace.frames + behind.frames)

    def stall(self) -> Iterator[str]:
        """The same without an interrupt."""
        for trace in main_traces(self.crash):
            yield from self.entry(trace.frames)

    def entry(self, frames: tuple[Frame, ...]) -> Iterator[str]:
        """The function that a dispatcher called; a wait for other CPUs stands for itself."""
        known = [f.function for f in frames if seen(f)]
        known = [name for name in known if names("dispatcher").fullmatch(name) or self.guilty(name)]
        for inner, outer in pairwise(known):
            if names("landmark").fullmatch(inner) or names("dispatcher").fullmatch(outer):
                yield inner
                return


SOURCES = {
    "header": Blame.header,
    "named": Blame.named,
    "site": Blame.site,
    "pointer": Blame.pointer,
    "trace": Blame.trace,
    "first": Blame.first,
    "hang": Blame.hang,
    "lock": Blame.lock,
    "interrupted": Blame.interrupted,
    "stall": Blame.stall,
}


def seen(frame: Frame) -> bool:
    """Whether a frame counts; a crash has one name, symbolized with its inlined functions or not."""
    return frame.reliable and not frame.inline


def main_traces(crash: Crash) -> list[Trace]:
    """The traces of the crash itself, not of what allocated, freed or locked before."""
    own = [trace for trace in crash.traces if trace.heading.lower().partition(" (")[0] in OWN and trace.frames]
    return sorted(own, key=lambda trace: not trace.heading)  # KMSAN and KFENCE print theirs without a heading


def interrupted(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """What ran before the innermost interrupt, which noticed the stall; a soft interrupt is itself what ran."""
    entries = [i for i, f in enumerate(frames) if names("interrupt").fullmatch(f.function)]
    if not entries:
        marks = [i for i, f in enumerate(frames) if f.stack in INTERRUPTS]
        return frames[marks[-1] + 1 :] if marks else frames
    last = next(i for i in entries if i + 1 not in entries)
    return frames[last + 1 :]
