"""One large log read by several processes: the events are those of `Parser`, in the same order.

    part 1                      part 2                      part 3
    |---------------------------|---------------------------|------------------
     its records, and those that  go on here ->| seam

Each part is read as if the log began there, which is wrong where a record is open. So the reader of a part goes on
behind its end, beside a second one that begins there, until both stand at the same line with the same open records:
the seam. What comes behind it is the same for both and is told by the next part; what that told of lines before it is
dropped. Where nothing is open at the end of a part the seam is there.

Only parts in which anchors stand close go to processes of their own; the others are read while the scan goes on.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from triage.config import Limits
from triage.inputs import LogText
from triage.inputs.buffers import Buffer
from triage.logs.grammar import load
from triage.logs.lines import Line, newlines
from triage.logs.parse import RESIDUE_MAX, Parser, Part, scanner
from triage.logs.restart import Sign, sign, with_restarts
from triage.logs.scan import Hit
from triage.model import Event

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

SIZE = 2 << 20  # bytes of a part: half a second of work where anchors stand close
DENSE = 1000  # anchors in a part that make it worth a process
BEHIND = 1 << 16  # bytes behind a part that are scanned at a time

T = TypeVar("T")
Row: TypeAlias = tuple[int, int, Sign | None, T]  # first line of an event, place where it ended, what was made of it
first_line = itemgetter(0)


@dataclass(slots=True)
class Told(Generic[T]):
    """What the reader of a part told; a place is where the reader stood, behind the line that it had read."""

    rows: list[Row[T]] = field(default_factory=list)
    residue: list[tuple[int, tuple[int, str]]] = field(default_factory=list)  # with their places
    seam: int = sys.maxsize  # the place from which on the next part tells; without one, this tells all to the end
    lines: int = 0  # looked at, of the part itself
    cut: bool = False  # by the bound on lines


class Parts(Generic[T]):
    """What `make` returns of each event of a log, read by as many processes as may run at a time.

    `residue` is that of `Parser`.
    """

    def __init__(self, text: LogText, limits: Limits, make: Callable[[Event], T], processes: int) -> None:
        self.text, self.limits, self.make, self.processes = text, limits, make, processes
        self.left = limits.lines  # lines that may still be looked at
        self.residue: list[tuple[int, str]] = []

    def __iter__(self) -> Iterator[T]:
        if self.processes > 1 and len(self.text.data) >= 2 * SIZE:
            return with_restarts(self.joined(), self.text, self.make)
        parser = Parser(self.text, self.limits)
        self.residue = parser.residue
        return map(self.make, parser.events())

    def joined(self) -> Iterator[tuple[Sign | None, T]]:
        """What the parts told, each event once and in the order of their first lines."""
        held, seam = list[Row[T]](), 0
        for part, told in self.told():
            held += [row for row in told.rows if seam <= row[1] < told.seam]
            held.sort(key=first_line)
            self.residue += [line for place, line in told.residue if seam <= place < told.seam]
            del self.residue[RESIDUE_MAX:]
            seam, self.left = max(seam, told.seam), self.left - told.lines
            if told.cut or seam == sys.maxsize:
                break
            ready = bisect_left(held, self.text.number(part.behind), key=first_line)  # no later part tells of these
            yield from ((said, item) for _, _, said, item in held[:ready])
            del held[:ready]
        yield from ((said, item) for _, _, said, item in held)

    def told(self) -> Iterator[tuple[Part, Told[T]]]:
        """The parts in their order, and what each told."""
        waiting: deque[tuple[Part, Child | None]] = deque()
        try:
            for part, dense in parts(self.text.data):
                waiting.append((part, self.child(part) if dense else None))
                while waiting and (waiting[0][1] is None or len(waiting) > self.processes):
                    yield self.answer(*waiting.popleft())
            while waiting:
                yield self.answer(*waiting.popleft())
        finally:
            for _, child in waiting:
                if child:
                    child.end()

    def child(self, part: Part) -> Child | None:
        """A process that reads the part; None where there can be none."""
        try:
            return Child(lambda: self.read(part))
        except OSError:
            return None

    def answer(self, part: Part, child: Child | None) -> tuple[Part, Told[T]]:
        """What a part told its process; or this one, where there is none, it died, or fewer lines are left by now."""
        told: Told[T] | None = child.answer() if child else None
        return part, told if told and told.lines < self.left else self.read(part)

    def read(self, part: Part) -> Told[T]:
        """Read one part up to its seam."""
        told, reader = Told[T](), Parser(self.text, self.limits, part, self.left)
        second: Second | None = None
        for line in reader.lines():
            if reader.pos <= part.stop:
                told.lines += 1
            else:
                second = second or Second(self.text, part)
                if second.agrees(reader, line):
                    told.seam = reader.pos
                    break
            reader.take(line)
            self.keep(told, reader, reader.pos)
        else:
            if reader.open or reader.pos > part.stop or reader.cut:  # to the end of the log
                reader.close()
                self.keep(told, reader, sys.maxsize - 1)
            else:
                told.seam = part.stop + 1
        told.cut = reader.cut
        return told

    def keep(self, told: Told[T], reader: Parser, place: int) -> None:
        """Take over what the reader of a part has told since."""
        if reader.ended:
            told.rows += [(event.first_line, place, sign(event), self.make(event)) for event in reader.ended]
            reader.ended.clear()
        if reader.residue:
            told.residue += [(place, line) for line in reader.residue]
            reader.residue.clear()


class Second:
    """The reader that begins where a part ends, one line after the other behind the part's own."""

    def __init__(self, text: LogText, part: Part) -> None:
        hits = partial(scanner().hits, text.data, part.stop, chunk=BEHIND)
        behind = Part(part.stop, len(text.data), part.behind, hits)
        self.reader = Parser(text, part=behind, lines=sys.maxsize)
        self.lines = self.reader.lines()
        self.line = next(self.lines, None)

    def agrees(self, other: Parser, line: Line) -> bool:
        """Whether the other, which has read `line` but not taken it, can be followed by this one."""
        reader = self.reader
        while self.line and reader.pos < other.pos:
            reader.take(self.line)
            reader.ended.clear()
            reader.residue.clear()
            self.line = next(self.lines, None)
        return self.line is not None and reader.pos == other.pos and self.line.raw == line.raw and reader.like(other)


def parts(data: Buffer) -> Iterator[tuple[Part, bool]]:
    """The parts of a log, and whether anchors stand close in each."""
    start, number, size = 0, 1, len(data)
    while start < size:
        stop = size if start + SIZE >= size else data.rfind(b"\n", start, start + SIZE) + 1
        stop = stop or data.find(b"\n", start + SIZE) + 1 or size
        behind = number + newlines(data, start, stop)
        hits = list(scanner().hits(data, start, stop)) if stop - start <= SIZE else None  # None: one line without end
        if dense := hits is not None and len(hits) >= DENSE:
            for kind in {name for _, names in hits for name in names}:
                load(kind)  # here, and not again in every process
        yield Part(start, stop, number, partial(anchors, data, start, stop, hits), behind), dense
        start, number = stop, behind


def anchors(data: Buffer, start: int, stop: int, hits: list[Hit] | None) -> Iterator[Hit]:
    """The anchors of a part, that of no kind at its end, and those behind it as they are asked for."""
    yield from scanner().hits(data, start, stop) if hits is None else hits
    yield stop - 1, ()
    yield from scanner().hits(data, stop, chunk=BEHIND)


class Child:
    """A process that does one piece of work and ends; a first SIGINT is its parent's to handle."""

    def __init__(self, work: Callable[[], Any]) -> None:
        from multiprocessing import get_context

        context = get_context("fork")  # the log and what was learned of it are there without being sent
        self.answers, sender = context.Pipe(duplex=False)
        self.process = context.Process(target=serve, args=(work, sender), daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()
        except OSError:
            self.answers.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            sender.close()

    def answer(self) -> Any:
        """What the work gave; None if the process died over it."""
        collects = gc.isenabled()
        gc.disable()  # nothing of what comes now is garbage: looking for it would take longer than the rest
        try:
            return self.answers.recv()
        except (EOFError, OSError):
            return None
        finally:
            if collects:
                gc.enable()
            self.end()

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.answers.close()


def serve(work: Callable[[], Any], answers: Connection) -> None:
    """Do the work and answer; nothing of what the parent left half done is ended or flushed here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    gc.disable()  # a second's work: it ends before garbage could matter
    with contextlib.suppress(BaseException):
        answers.send(work())
        os._exit(0)
    os._exit(1)
