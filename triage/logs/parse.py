"""bytes -> events: scan, cut lines near hits, give each line to the record that wants it, let lark assemble it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from triage.config import Limits
from triage.inputs import LogText
from triage.logs.clock import since_new_year, wall_seconds
from triage.logs.grammar import Grammar, LineToken, Record, kinds, load
from triage.logs.lines import Line, LineReader, inside, join, stamped
from triage.logs.restart import sign, with_restarts
from triage.logs.scan import Hit, Scanner
from triage.model import Event

WRAP_MIN = 40  # a line shorter than this was not wrapped by a mail program
# A function, or an address and a count, must follow.
UNENDED = re.compile(
    r" (?:in|at)$|WARNING: .* at \S+:\d+$|fault, (?:probably|maybe) for [\w -]{0,40}$|Internal error: .*:$"
)
JOINED_MAX = 400  # characters of a line put together again
HELD_MAX = 10_000  # events held back to keep their order
RESIDUE_MAX = 100_000  # lines that are kept
OPEN_LIMIT = 64  # records open at a time; hostile input opens more
# A program that writes to /dev/kmsg, or is audited, quotes what it likes; the kernel begins so only when it tells of a
# program's signal.
QUOTED = re.compile(r"(?:[\w.-]{1,64} )?[\w.@-]{1,64}\[\d{1,10}\]: |audit: type=\d")
# What a source file prints or a monitor looks for, as it is written there: a conversion, "any text", a string's end.
WRITTEN = re.compile(
    r"""["'][^"']{0,200}(?:%[-+#0]?\d{0,3}(?:\.[\d*])?(?:ll?|hh?|z)?[dsuxXp]\w{0,3}\b|[\w) ]\.\*|\\[dSwW][+*])"""
    r'|\\n"(?:\)|, \w)'
)
first_line = attrgetter("first_line")


@cache
def scanner() -> Scanner:
    """The scanner for the anchors of all kinds."""
    return Scanner((anchor, name) for name, kind in kinds().items() for anchor in kind.ANCHORS)


class Part(NamedTuple):
    """Lines of a log that are read on their own: from `start` to `stop`, both behind a line end, with their anchors."""

    start: int
    stop: int
    number: int  # of its first line
    hits: Callable[[], Iterator[Hit]]  # at the end of a part one of no kind, then those behind: what may go on there
    behind: int = 0  # the number of the line at `stop`


class Parser:
    """Reads one log, or a part of it with what its records have behind the part.

    `residue` collects lines that hold an anchor and belong to no event: (line number, text).
    """

    def __init__(
        self, text: LogText, limits: Limits | None = None, part: Part | None = None, lines: int | None = None
    ) -> None:
        self.text, self.open = text, list[Record]()
        self.part = part or Part(0, len(text.data), 1, lambda: scanner().hits(text.data))
        self.reader = LineReader(text.data, self.part.start, self.part.number)
        self.hits = self.part.hits()
        self.hit = next(self.hits, None)  # the next one
        self.limit = (limits or Limits()).lines
        self.left = self.limit if lines is None else lines  # lines that may be looked at
        self.count, self.cut = 0, False  # lines looked at, and whether more are left
        self.until: float = 0  # the line before which no open record is given up
        self.ended: list[Event] = []  # records end out of order: held until none is open that began before them
        self.residue: list[tuple[int, str]] = []

    def events(self) -> Iterator[Event]:
        """All events of the log, in the order of their first lines."""
        return with_restarts(((sign(event), event) for event in self.records()), self.text, lambda event: event)

    def records(self) -> Iterator[Event]:
        """The events that lines of the log tell, in the order of their first lines."""
        for line in self.lines():
            self.take(line)
            if self.ended and (not self.open or len(self.ended) > HELD_MAX):
                yield from self.ready()
        self.close()
        yield from self.ready()

    def ready(self) -> list[Event]:
        """Take out of `ended` the events before which no open record began; all, if one is open for too long."""
        done, self.ended = self.ended, []
        if len(done) > 1:
            done.sort(key=first_line)
        if self.open:
            begun = self.text.number(min(record.tokens[0].line.number for record in self.open))
            count = bisect_left(done, begun, key=first_line)
            if count >= len(done) // 2:
                done, self.ended = done[:count], done[count:]
        return done

    def take(self, line: Line) -> None:
        """Give a line to the record that wants it; what ends thereby is added to `ended`."""
        self.count += 1
        quoted = bool(line.kinds) and is_quoted(line.body)
        if (quoted or not (self.open and self.claim(line))) and line.kinds:
            self.ended += self.begin(line, quoted=quoted)
        if self.open and (self.count >= self.until or len(self.open) > OPEN_LIMIT):
            self.ended += self.expire()

    def close(self) -> None:
        """End the records that are open at the end of the log."""
        self.ended += [event for record in self.open for event in self.finish(record)]
        self.open = []

    @property
    def pos(self) -> int:
        """The place behind the line that was read last."""
        return self.reader.pos

    def like(self, other: Parser) -> bool:
        """Whether the same lines wait in the same open records: then both make the same of all that follows."""
        return len(self.open) == len(other.open) and all(
            mine.until - self.count == theirs.until - other.count and mine.like(theirs)
            for mine, theirs in zip(self.open, other.open, strict=True)
        )

    # -- lines

    def lines(self) -> Iterator[Line]:
        """The line of each hit, and the lines behind it for as long as a record is open."""
        reader, stop = self.reader, self.part.stop
        for _ in range(self.left):
            if not self.open and (self.hit is None or (self.hit[0] >= stop - 1 and reader.pos <= stop)):
                return
            if self.hit and not self.open:
                reader.jump(self.hit[0])
            line = reader.read()
            if line is None:
                return
            while self.hit and self.hit[0] < reader.pos:
                line.kinds = self.hit[1] if not line.kinds else (*line.kinds, *self.hit[1])
                self.hit = next(self.hits, None)
            if len(line.raw) >= WRAP_MIN and not reader.at_stamp:
                line = self.unwrap(line)
                while self.hit and self.hit[0] < reader.pos:  # in the half that was taken
                    line.kinds = (*line.kinds, *self.hit[1])
                    self.hit = next(self.hits, None)
            yield line
        if self.hit and self.hit[1]:
            self.cut = True
            note = f"more than {self.limit} lines near anchors; what is behind line {reader.number - 1} is not analysed"
            self.text.notes += (note,)

    def anchored(self, end: int) -> bool:
        """Whether an anchor stands before a place; what lies behind the part is looked through only if it must be."""
        while self.hit and not self.hit[1] and self.hit[0] < end:
            self.hit = next(self.hits, None)
        return self.hit is not None and self.hit[0] < end

    def unwrap(self, line: Line) -> Line:
        """The line with its other half where a mail program broke it.

        A half is taken if it has no prefix of its own, no grammar in question knows it for sure (of a frame behind "in"
        that says nothing), the two together are a line that a grammar knows to beyond the break, and either the first
        half had a prefix, or it alone is at best a guess of a grammar, or the two together are exactly a line that a
        grammar knows, nothing more.
        """
        reader, own = self.reader, stamped(line)
        unended = UNENDED.search(line.body) is not None
        while not reader.at_stamp:
            tail = reader.peek()
            if tail is None or stamped(tail) or not tail.body.strip():
                break
            # A line with a stamp or an anchor is nobody's other half, but for the count, which begins no line.
            if self.anchored(reader.end) and not (unended or tail.body.startswith("[#")):
                break
            joined = join(line, tail)
            if len(joined.body) > JOINED_MAX or "\ufffd" in tail.body:
                break
            if self.known(tail, sure=True) and not unended:
                break
            if not self.known(joined, beyond=len(line.body.rstrip())):
                break
            if not own and self.known(line, sure=True) and not self.exact(joined):
                break
            line, unended = joined, False
            reader.read()
        return line

    def known(self, line: Line, *, sure: bool = False, beyond: int = -1) -> bool:
        """Whether a grammar that could take the line here knows it: for `sure` no guess counts, to `beyond` a place."""
        for grammar in self.candidates(line):
            token = grammar.classify(line)
            if token is not None and token.end > beyond and not (sure and token.type in grammar.guesses):
                return True
        return False

    def exact(self, line: Line) -> bool:
        """Whether a grammar knows the line from end to end, by a terminal that would not take anything behind it."""
        more = replace(line, body=f"{line.body}\0")
        for grammar in self.candidates(line):
            token, longer = grammar.classify(line), grammar.classify(more)
            if token and longer and token.end == longer.end == len(line.body):
                return True
        return False

    def candidates(self, line: Line) -> list[Grammar]:
        """Grammars of the open records, youngest first, then those whose anchors stand in the line."""
        grammars = {record.grammar.name: record.grammar for record in reversed(self.open)}
        for name in line.kinds:
            grammars.setdefault(name, load(name))
        return list(grammars.values())

    # -- routing

    def claim(self, line: Line) -> bool:
        """Give the line to the youngest open record of the same key that accepts it.

        Records that take lines of any caller come behind the caller's own.
        """
        caller, grammar, token = line.prefix.caller, None, None
        for own in (True, False):
            for record in reversed(self.open):
                if (record.key == caller) is not own:
                    continue
                if record.grammar is not grammar:
                    grammar = record.grammar
                    token = grammar.classify(line)
                if token is not None and belongs(token, record) and record.feed(token):
                    record.until = self.count + grammar.gap
                    return True
        return False

    def begin(self, line: Line, *, quoted: bool = False) -> Iterable[Event]:
        """Open a record of the first kind whose anchor stands in the line and that can begin with it.

        Of a `quoted` line only kinds count that are one line and begin with its first word.
        """
        for name in line.kinds:
            grammar = load(name)
            token = grammar.classify(line) if not (quoted and grammar.gap) else None
            if token is not None and grammar.begin[token.type]:
                if grammar.gap == 0:  # one line, which cuts no other record in two
                    return self.build(grammar, grammar.start([token]), [line])
                return self.open_record(grammar, token)
        if (inner := inside(line)) is not None:
            return self.begin(inner)
        if len(self.residue) < RESIDUE_MAX:
            self.residue.append((self.text.number(line.number), line.raw))
        return ()

    def open_record(self, grammar: Grammar, token: LineToken) -> list[Event]:
        """A new record, and the events of the one of the same kind and key that it ends."""
        new, ended = Record(grammar, token.key or token.line.prefix.caller), list[Event]()
        new.feed(token)
        for record in [r for r in self.open if r.grammar is grammar and r.key == new.key]:
            self.open.remove(record)
            ended += self.finish(record)
        for record in self.open:
            if grammar.cuts and record.key == new.key and record.cut_in is None:
                record.cut_by, record.cut_in = new, len(record.tokens)
        new.until = self.count + grammar.gap
        self.open.append(new)
        self.until = min(record.until for record in self.open)
        return ended

    def expire(self) -> Iterator[Event]:
        """Close records that have waited too long for their next line."""
        for record in self.open[:]:
            if self.count >= record.until:
                self.open.remove(record)
                yield from self.finish(record)
        while len(self.open) > OPEN_LIMIT:
            yield from self.finish(self.open.pop(0))
        self.until = min((record.until for record in self.open), default=0)

    def finish(self, record: Record) -> list[Event]:
        """The events of a record that is complete or will not go on."""
        cut_in = record.cut_in if record.cut_in is not None and record.cut_in < len(record.tokens) else 0
        lines, fields = [token.line for token in record.tokens], record.fields()
        if record.cut_by and record.grammar.cuts:
            fields["behind"] = record.cut_by.tokens
        return self.build(record.grammar, fields, lines, interrupted=cut_in)

    def build(
        self, grammar: Grammar, fields: dict[str, Any], lines: list[Line], *, interrupted: int = 0
    ) -> list[Event]:
        """The typed events of a record, with the fields that every event has."""
        first, number = lines[0], self.text.number
        prefix = first.prefix
        time = prefix.time
        if time is None:
            time = next((line.prefix.time for line in lines if line.prefix.time is not None), None)
        wall = wall_seconds(prefix.wall, self.text.wall) if prefix.wall else None
        base = {
            "kind": grammar.name,
            "source": self.text.name,
            "first_line": number(first.number),
            "last_line": number(lines[-1].last_number),
            "lines": tuple([(number(line.number), line.raw) for line in lines]),
            "time": time,
            "wall_time": wall,
            "dial": since_new_year(prefix.wall) if prefix.wall and wall is None else None,
            "host": prefix.host or self.text.host,
            "boot_id": prefix.boot_id or self.text.boot_id,
            "caller": prefix.caller,
            "interrupted": interrupted,
            "missing": tuple([name for name in grammar.required if not fields.get(name)]),
        }
        built: list[Event] = grammar.module.build(fields, base)
        return built


def is_quoted(body: str) -> bool:
    """Whether a program says it (`collector[812]: mce: [Hardware Error]: ...`), or it is a text to say or find."""
    said = ("]: " in body or body.startswith("audit: ")) and QUOTED.match(body) is not None
    return said or (('"' in body or "'" in body) and WRITTEN.search(body) is not None)


def belongs(token: LineToken, record: Record) -> bool:
    """Whether the line may go on with the record: a name must be the same, a caller where both are known and matter."""
    if token.key is not None:
        return token.key == record.key
    caller = token.line.prefix.caller
    known = (None, record.key, record.tokens[0].line.prefix.caller)  # a record that names itself has a printer too
    return caller in known or record.key is None or record.grammar.every_caller
