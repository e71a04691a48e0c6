"""Cuts lines out of the bytes near the anchors, takes their prefixes off and joins what a mail program wrapped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.inputs.buffers import Buffer
from triage.logs.prefix import Prefix, restart, split
from triage.logs.scan import release

LINE_LIMIT = 4096  # bytes of one line that are looked at
COUNTED = 1 << 20  # bytes counted at a time: what fits a cache is copied for nothing
STAMP_SECOND = frozenset(bytes([byte]) for byte in b" 0123456789")
PIECE = 16 * LINE_LIMIT  # a line without end is taken in pieces of this size


@dataclass(slots=True)
class Line:
    """One log line without its prefix; a line that was wrapped covers several numbers."""

    body: str
    prefix: Prefix
    raw: str
    number: int
    last_number: int
    kinds: tuple[str, ...] = ()  # kinds whose anchors stand in it


class LineReader:
    """Reads lines forwards and jumps to hits; line ends are counted once, and only up to the last hit."""

    def __init__(self, data: Buffer) -> None:
        self.data, self.size = data, len(data)
        self.pos, self.number = 0, 1  # where the next line begins, and its number from 1

    def jump(self, offset: int) -> None:
        """Go to the line that holds `offset`, never backwards."""
        start = self.data.rfind(b"\n", max(self.pos, offset - PIECE), offset) + 1
        start = start or max(0, offset - LINE_LIMIT // 2)  # inside an endless line: begin near the hit
        while self.pos < start:
            stop = min(start, self.pos + COUNTED)
            self.number += self.data[self.pos : stop].count(b"\n")
            release(self.data, self.pos, stop)
            self.pos = stop

    def read(self) -> Line | None:
        """The next line; the position moves behind it."""
        start = self.pos
        if start >= self.size:
            return None
        stop = self.data.find(b"\n", start, start + PIECE)
        number = self.number
        if stop >= 0:
            self.pos = stop + 1
            self.number += 1
        else:
            self.pos = stop = min(start + PIECE, self.size)
        line = self.data[start : stop if stop - start < LINE_LIMIT else start + LINE_LIMIT]
        if (second := restart(line)) is not None:
            line, self.pos, self.number = line[:second], start + second, number
        raw = line.decode("utf-8", "replace")
        if raw[-1:] == "\r":
            raw = raw.rstrip("\r")
        prefix = split(raw)
        return Line(prefix.body, prefix, raw, number, number)

    @property
    def end(self) -> int:
        """Where the next line ends."""
        stop = self.data.find(b"\n", self.pos, self.pos + PIECE)
        return stop if stop >= 0 else min(self.pos + PIECE, self.size)

    @property
    def at_stamp(self) -> bool:
        """Whether the next line begins with what can only be printk's stamp: `[   12.345678]`."""
        head = self.data[self.pos : self.pos + 2]
        return head[:1] == b"[" and head[1:] in STAMP_SECOND

    @property
    def mark(self) -> tuple[int, int]:
        """The present place, to come back to."""
        return self.pos, self.number

    def reset(self, mark: tuple[int, int]) -> None:
        """Back to a place marked before."""
        self.pos, self.number = mark


INSIDE = re.compile(r"\[ *\d{1,10}\.\d{6}\]")


def inside(line: Line) -> Line | None:
    """The message that begins inside a line, where two CPUs wrote to one console, or behind a login prompt."""
    found = INSIDE.search(line.body)
    if found is None:
        return None
    prefix = split(line.body[found.start() :])
    return Line(prefix.body, prefix, line.raw, line.number, line.last_number, line.kinds)


def join(line: Line, tail: Line, glue: str = " ") -> Line:
    """One line out of two halves of a wrapped one."""
    body = f"{line.body.rstrip()}{glue}{tail.body.strip()}"
    return Line(body, line.prefix, f"{line.raw}\n{tail.raw}", line.number, tail.last_number, line.kinds + tail.kinds)
