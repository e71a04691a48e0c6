"""Cuts lines out of the bytes near the anchors, takes their prefixes off and joins what a mail program wrapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from triage.logs.prefix import Prefix, split
from triage.logs.scan import LINE_LIMIT, Buffer, LineCounter


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
    """Reads lines forwards and jumps to hits; knows the number of each line."""

    def __init__(self, data: Buffer, start: int = 0) -> None:
        self.data, self.size, self.pos = data, len(data), start
        self.counter = LineCounter(data)

    def jump(self, offset: int) -> None:
        """Go to the line that holds `offset`, never backwards."""
        self.pos = max(self.pos, self.data.rfind(b"\n", max(0, offset - LINE_LIMIT * 4), offset) + 1)
        if offset - self.pos > LINE_LIMIT * 4:  # inside one endless line: begin near the hit
            self.pos = offset - LINE_LIMIT // 2

    @property
    def stop(self) -> int:
        """Where the present line ends."""
        end = self.data.find(b"\n", self.pos)
        return self.size if end < 0 else end

    def read(self) -> Line | None:
        """The line at the present position; the position moves behind it."""
        if self.pos >= self.size:
            return None
        number, stop = self.counter(self.pos), self.stop
        raw = self.data[self.pos : min(stop, self.pos + LINE_LIMIT)].decode("utf-8", "replace")
        self.pos = stop + 1
        return make(raw, number)


def make(raw: str, number: int) -> Line:
    """A line out of its raw text."""
    raw = raw.rstrip("\r\n")
    prefix = split(raw)
    return Line(prefix.body, prefix, raw, number, number)


def join(line: Line, tail: Line, glue: str = " ") -> Line:
    """One line out of two halves of a wrapped one."""
    body = f"{line.body.rstrip()}{glue}{tail.body.strip()}"
    return Line(body, line.prefix, f"{line.raw}\n{tail.raw}", line.number, tail.last_number, line.kinds + tail.kinds)


def neighbourhood(data: Buffer) -> Iterator[Line]:
    """Every line of the data, for callers that want them all."""
    reader = LineReader(data)
    while (line := reader.read()) is not None:
        yield line
