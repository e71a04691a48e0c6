"""Cuts lines out of the bytes near the anchors, takes their prefixes off and joins what a mail program wrapped."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.inputs.buffers import Buffer
from triage.logs.prefix import Prefix, printable, restart, split
from triage.logs.scan import release

LINE_LIMIT = 4096  # bytes of one line that are looked at
COUNTED = 1 << 20  # bytes counted at a time: what fits a cache is copied for nothing
BLOCK = 1 << 14  # bytes that are cut into lines at a time
PIECE = 16 * LINE_LIMIT  # a line without end is taken in pieces of this size
STAMPS = frozenset(f"[{second}" for second in " 0123456789")  # how printk's stamp begins
PRINTABLE = bytes((10, *range(32, 127)))


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

    def __init__(self, data: Buffer, start: int = 0, number: int = 1) -> None:
        self.data, self.size = data, len(data)
        self.pos, self.number = start, number  # where the next line begins, and its number from 1
        # Lines cut from `pos` on, and the next of them; bytes as Latin-1, so that characters are counted as bytes.
        self.rows, self.at = list[str](), 0
        self.clean = self.ended = True  # only printable ASCII in them; a line end behind the last
        self.ahead: tuple[Line, int, int] | None = None  # a line already read, and place and number behind it

    def jump(self, offset: int) -> None:
        """Go to the line that holds `offset`, never backwards."""
        start = self.data.rfind(b"\n", max(self.pos, offset - PIECE), offset) + 1
        start = start or max(0, offset - LINE_LIMIT // 2)  # inside an endless line: begin near the hit
        if start <= self.pos:
            return
        if self.ahead:
            self.read()
        while self.pos < start and self.at < len(self.rows):
            self.step(len(self.rows[self.at]))
        if self.pos != start:
            self.rows, self.at = [], 0
        self.number += newlines(self.data, self.pos, start)
        self.pos = start

    def step(self, length: int) -> None:
        """Go behind the next row."""
        self.at += 1
        ended = self.ended or self.at < len(self.rows)
        self.pos += length + ended
        self.number += ended

    def fill(self) -> bool:
        """Cut the next block into rows; False at the end."""
        start = self.pos
        if start >= self.size:
            return False
        stop = self.data.rfind(b"\n", start, start + BLOCK)
        if stop < 0:
            stop = self.data.find(b"\n", start, start + PIECE)
        self.ended = stop >= 0
        block = self.data[start : stop if self.ended else min(start + PIECE, self.size)]
        self.rows, self.at = block.decode("latin-1").split("\n"), 0
        self.clean = not block.translate(None, PRINTABLE) and b"^M" not in block
        return True

    def read(self) -> Line | None:
        """The next line; the position moves behind it."""
        if self.ahead:
            line, self.pos, self.number = self.ahead
            self.ahead = None
            return line
        if self.at == len(self.rows) and not self.fill():
            return None
        raw, number = self.rows[self.at], self.number
        if raw.count("[") > 1 < raw.count(".") and (second := restart(raw[:LINE_LIMIT])) is not None:
            self.rows[self.at], raw = raw[second:], raw[:second]
            self.pos += second
        else:
            self.step(len(raw))
        raw = raw[:LINE_LIMIT]
        if self.clean:
            prefix = printable(raw.rstrip(" "))
        else:
            if not raw.isascii():
                raw = raw.encode("latin-1").decode("utf-8", "replace")
            raw = raw.rstrip("\r")
            prefix = split(raw.rstrip(" \t"))
        return Line(prefix.body, prefix, raw, number, number)

    def peek(self) -> Line | None:
        """The next line; the position stays."""
        if self.ahead is None:
            pos, number = self.pos, self.number
            if (line := self.read()) is None:
                return None
            self.ahead = line, self.pos, self.number
            self.pos, self.number = pos, number
        return self.ahead[0]

    @property
    def end(self) -> int:
        """Where the next line ends."""
        stop = self.data.find(b"\n", self.pos, self.pos + PIECE)
        return stop if stop >= 0 else min(self.pos + PIECE, self.size)

    @property
    def at_stamp(self) -> bool:
        """Whether the next line begins with what can only be printk's stamp: `[   12.345678]`."""
        if self.ahead or self.at == len(self.rows):
            return self.data[self.pos : self.pos + 2].decode("latin-1") in STAMPS
        return self.rows[self.at][:2] in STAMPS


def newlines(data: Buffer, start: int, stop: int) -> int:
    """How many lines end between two places, without holding them all."""
    count = 0
    for at in range(start, stop, COUNTED):
        end = min(stop, at + COUNTED)
        count += data[at:end].count(b"\n")
        release(data, at, end)
    return count


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


def stamped(line: Line) -> bool:
    """Whether a clock stands before the line: then it is no other line's second half."""
    return line.prefix.time is not None or line.prefix.wall is not None
