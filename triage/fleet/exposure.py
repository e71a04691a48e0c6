"""How much of each boot a log shows: the printk times of the first and the last line between two boot banners.

    [    0.000000] Linux version 6.12.41 (build@host) ...        begin 0.0
    [86400.103022] EDAC MC0: 1 CE memory read error on ...
    [91234.000117] systemd-journald[512]: Received SIGTERM ...   end 91234.000117

Seen time is what rates are computed on; a boot whose lines carry no kernel time has none, and is left out of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from triage.inputs import LogText
from triage.logs import prefix
from triage.logs.lines import newlines

BANNER = b"Linux version "
LINE_MAX = 4096  # bytes of a line that are looked at
LINES = 64  # lines at either end of a segment among which a time is looked for
WINDOW = 1 << 16  # bytes at either end of a segment that are looked at


@dataclass(frozen=True, slots=True)
class Segment:
    """The lines of one boot in one log, numbered as in the original file; times are printk seconds."""

    first_line: int
    last_line: int
    begin: float | None = None
    end: float | None = None
    wall: float | None = None  # Unix seconds of the last line, where its prefix has a clock that names the year


def segments(text: LogText) -> list[Segment]:
    """The log cut at its boot banners, in order; never empty."""
    data = text.data
    starts = sorted({0, *banners(text)})
    found, line = [], 1
    for start, stop in zip(starts, [*starts[1:], len(data)], strict=True):
        count = newlines(data, start, stop)
        begin, end = edge(text, start, stop, last=False), edge(text, start, stop, last=True)
        last = max(line, line + count - 1)
        found.append(Segment(text.number(line), text.number(last), begin, end))
        line += count
    if len(found) > 1 and found[0].begin is None:  # noise in front of the first banner
        found[1:2], found = [found[1]], found[1:]
    return found


def banners(text: LogText) -> Iterator[int]:
    """Offsets of the lines that hold a boot banner."""
    at = text.data.find(BANNER)
    while at >= 0:
        yield text.data.rfind(b"\n", max(0, at - LINE_MAX), at) + 1
        at = text.data.find(BANNER, at + len(BANNER))


def edge(text: LogText, start: int, stop: int, *, last: bool) -> float | None:
    """The first or the last printk time between two offsets, None if the lines there carry none."""
    piece = bytes(text.data[max(start, stop - WINDOW) : stop] if last else text.data[start : min(stop, start + WINDOW)])
    lines = reversed(piece.rsplit(b"\n", LINES)[-LINES:]) if last else piece.split(b"\n", LINES)[:LINES]
    for line in lines:
        time = prefix.split(line[:LINE_MAX].decode("utf-8", "replace").rstrip("\r")).time
        if time is not None:
            return time
    return None


def span(found: list[Segment], lines: list[tuple[int, int]]) -> tuple[float | None, float | None]:
    """The first and last printk time of the segments in which the given (first, last) lines stand."""
    mine = [s for s in found if any(s.first_line <= last and first <= s.last_line for first, last in lines)]
    begins = [s.begin for s in mine if s.begin is not None]
    ends = [s.end for s in mine if s.end is not None]
    return (min(begins), max(ends)) if begins and ends else (None, None)
