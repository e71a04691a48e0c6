"""The picture of the time between error and crash: where its moments stand. Pure functions, no markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from triage.report.words import span

WIDTH, LEFT, RIGHT = 1000.0, 30.0, 970.0  # user units of the picture; the axis runs from LEFT to RIGHT
OPEN, EDGE = 640.0, 984.0  # where the last mark stands when the story goes on, and how far the axis then runs
AXIS = 64.0
CHARACTER = 7.3  # width of one character of the labels
LABEL = 30  # characters of one label line
LASTS = "when the log ends"
ROOM = 100.0  # a gap at least this wide can carry its duration


Tone = Literal["plain", "minor", "error", "crash"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened: `time` orders it, `clock` is what the log printed."""

    time: float
    clock: str
    label: str
    tone: Tone = "plain"
    flag: str | None = None  # a what-if that applies here: "7.3 with the sysctl stops here"
    opens: str | None = None  # from here on corrupt memory lies open, in words: "in use"
    closes: bool = False  # until here


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment in its place; labels of a higher `tier` hang lower, so that neighbours do not overlap."""

    moment: Moment
    x: float
    anchor: Literal["start", "middle", "end"]
    tier: int
    lines: tuple[str, ...]
    gap: str | None  # time since the mark before
    gap_x: float | None  # where the picture has room to say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The time that corrupt memory stayed in use."""

    x: float
    width: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The whole picture; `after` is what lasts beyond the last mark."""

    marks: tuple[Mark, ...]
    band: Band | None
    height: float
    description: str
    after: str | None = None

    @property
    def top(self) -> float:
        """Where the picture begins: flags need more room above the axis than a word on a gap."""
        return 0.0 if any(mark.moment.flag for mark in self.marks) else 36.0


def layout(moments: Sequence[Moment], *, crashed: bool = True) -> Timeline | None:
    """The picture of the moments, given in time order; None where there is no time to show.

    Without a crash, memory that was left in use is in use beyond the end of the log.
    """
    lasting = not crashed and any(moment.opens for moment in moments)
    if len(moments) < 2 and not lasting:
        return None
    places = positions([moment.time for moment in moments], OPEN if lasting else RIGHT)
    marks: list[Mark] = []
    ends: list[float] = []  # where the last label of each tier ends
    for number, (moment, x) in enumerate(zip(moments, places, strict=True)):
        lines = wrap(moment.label, LABEL)
        half = max(len(line) for line in (moment.clock, *lines)) * CHARACTER / 2
        anchor, left = side(x, half)
        tier = next((n for n, end in enumerate(ends) if left >= end + CHARACTER), len(ends))
        ends[tier : tier + 1] = [left + 2 * half]
        gap = span(moment.time - moments[number - 1].time) if number else None
        room = number > 0 and x - places[number - 1] >= ROOM
        gap_x = round((x + places[number - 1]) / 2, 1) if room else None
        marks.append(Mark(moment=moment, x=x, anchor=anchor, tier=tier, lines=lines, gap=gap, gap_x=gap_x))
    exposure = band(marks, lasting)
    return Timeline(
        marks=tuple(uncrowded(mark, exposure) for mark in marks),
        band=exposure,
        height=max(AXIS + 34 + 48 * mark.tier + 15 * len(mark.lines) for mark in marks),
        description=describe(moments),
        after=next((f"{moment.opens} {LASTS}" for moment in moments if moment.opens), None) if lasting else None,
    )


def positions(times: Sequence[float], right: float = RIGHT) -> list[float]:
    """Where each time stands on the axis: every gap gets a minimum, the rest is shared by their logarithms."""
    gaps = [max(b - a, 0.0) for a, b in pairwise(times)]
    weights = [math.log10(1 + gap * 100) for gap in gaps]
    least = min(110.0, 0.6 * (right - LEFT) / max(len(gaps), 1))
    free = right - LEFT - least * len(gaps)
    total = sum(weights)
    places = [LEFT]
    for weight in weights:
        places.append(places[-1] + least + free * (weight / total if total else 1 / len(gaps)))
    return [round(place, 1) for place in places]


def side(x: float, half: float) -> tuple[Literal["start", "middle", "end"], float]:
    """How a label of half-width `half` hangs at `x` without leaving the picture, and its left edge."""
    if x - half < 0:
        return "start", x
    if x + half > WIDTH:
        return "end", x - 2 * half
    return "middle", x - half


def band(marks: Sequence[Mark], lasting: bool) -> Band | None:
    """From the moment that opens the exposure to the one that ends it, or to the edge where nothing ended it."""
    first = next((mark for mark in marks if mark.moment.opens), None)
    last = next((mark for mark in reversed(marks) if mark.moment.closes), None)
    if first and lasting:
        return Band(x=first.x, width=round(EDGE - first.x, 1), text=f"{first.moment.opens} {LASTS}")
    if first is None or last is None or last.x <= first.x:
        return None
    seconds = last.moment.time - first.moment.time
    return Band(x=first.x, width=round(last.x - first.x, 1), text=f"{span(seconds)} {first.moment.opens}")


def uncrowded(mark: Mark, exposure: Band | None) -> Mark:
    """The mark without its gap's duration where the band's text stands."""
    if exposure and mark.gap_x is not None and exposure.x <= mark.gap_x <= exposure.x + exposure.width:
        return replace(mark, gap_x=None)
    return mark


def wrap(text: str, width: int, most: int = 2) -> tuple[str, ...]:
    """The text in at most `most` lines of `width` characters, cut with an ellipsis."""
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) + bool(lines[-1]) <= width or not lines[-1]:
            lines[-1] = f"{lines[-1]} {word}".strip()
        else:
            lines.append(word)
    kept = [line if len(line) <= width else line[: width - 1] + "…" for line in lines[:most]]
    if len(lines) > most:
        kept[-1] = kept[-1][: width - 1].rstrip("…") + "…"
    return tuple(kept)


def describe(moments: Sequence[Moment]) -> str:
    """The picture in words, for those who cannot see it."""
    return "Timeline: " + "; ".join(f"{moment.clock} {moment.label}" for moment in moments)
