"""Chooses the raw lines that a report shows: those of records that matter, each storm of alike records cut to a few."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from triage.model import Case, Crash, Event, Evidence, HardwareError, MemoryFailure, Notice
from triage.report.limits import FULL, Limits
from triage.report.words import plural

PLACES = re.compile(r".*[/!]", re.S)  # what stands before a name: directories, archives


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """A place in the inputs, `log 363-371`; `anchor` is its line in this document, None if that is not shown."""

    label: str
    anchor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One raw line, or with number None a remark on what stands there and is not shown."""

    number: int | None
    text: str
    anchor: str | None = None
    cited: bool = False
    backs: tuple[Ref, ...] = ()  # the findings that rest on what begins here


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The shown lines of one input."""

    source: str
    lines: tuple[Line, ...]


def short_names(sources: Sequence[str]) -> dict[str, str]:
    """The inputs without the directory or archive that all of them lie in: `log/messages`, `crash/vmcore-dmesg.txt`."""
    alike = takewhile(
        lambda pair: pair[0] == pair[1], zip(min(sources, default=""), max(sources, default=""), strict=False)
    )
    common = PLACES.match("".join(one for one, _ in alike))
    return {source: source[common.end() if common else 0 :] or source for source in sources}


class Excerpts:
    """The excerpts of a case and the way from a finding to its first shown line."""

    def __init__(self, case: Case, number: int, limits: Limits) -> None:
        self.number, self.limits = number, limits
        self.cited = [*case.verdict.evidence, *case.verdict.against]
        self.sources = list(
            dict.fromkeys([*(s.path for s in case.boot.sources), *(e.source for e in case.boot.events)])
        )
        self.names = short_names(self.sources)
        self.shown: dict[str, list[Line]] = {}
        for source in self.sources:
            events = [event for event in relevant(case, self.cited) if event.source == source]
            if events:
                self.shown[source] = self.choose(source, sorted(events, key=lambda e: (e.first_line, e.last_line)))

    def choose(self, source: str, events: Sequence[Event]) -> list[Line]:
        """The lines of the events that are not one too many of a storm, with remarks where some are left out."""
        out: list[Line] = []
        seen: Counter[tuple[str, ...]] = Counter()
        left: Counter[str] = Counter()
        shown = 0
        for event in events:
            seen[alike(event)] += 1
            wanted = isinstance(event, Crash) or seen[alike(event)] <= self.limits.alike or is_cited(event, self.cited)
            if not wanted or (shown >= self.limits.records and not is_cited(event, self.cited)):
                left[name(event)] += 1
                continue
            out += remark(left)
            left.clear()
            out += self.record(source, event, out[-1].number if out else None)
            shown += 1
        return out + remark(left)

    def record(self, source: str, event: Event, before: int | None) -> list[Line]:
        """The lines of one record; those that an interleaved record has shown already are not repeated."""
        parts = ((number + i, part) for number, raw in event.lines for i, part in enumerate(raw.split("\n")))
        numbered = sorted({number: text for number, text in parts if before is None or number > before}.items())
        kept = numbered[: self.limits.record_lines]
        lines = [Line(number=number, text=text, anchor=self.anchor(source, number)) for number, text in kept]
        if len(numbered) > len(kept):
            lines.append(Line(number=None, text=f"{plural(len(numbered) - len(kept), 'more line')} of this record"))
        gap = before is not None and numbered and numbered[0][0] > before + 1
        return [Line(number=None, text=""), *lines] if gap else lines

    def anchor(self, source: str, number: int) -> str:
        """The id of a line: input names are not safe in an id, their positions are."""
        return f"c{self.number}-s{self.sources.index(source) + 1}-L{number}"

    def ref(self, source: str | None, first: int | None, last: int | None) -> Ref | None:
        """The reference to a range of lines, linked to its first line that is shown."""
        if source is None:
            return None
        if first is None:
            return Ref(label=self.names[source])
        last = last or first
        label = f"{self.names[source]} {first}" + (f"-{last}" if last != first else "")
        hit = next((line for line in self.shown.get(source, ()) if line.number and first <= line.number <= last), None)
        return Ref(label=label, anchor=hit.anchor if hit else None)

    def event(self, event: Event) -> Ref | None:
        """The reference to an event's own lines."""
        return self.ref(event.source, event.first_line, event.last_line)

    def excerpts(self, findings: Iterable[tuple[str, str, Evidence]]) -> tuple[Excerpt, ...]:
        """The lines with the way back to the findings, given as (label, id, evidence)."""
        backs: dict[str, list[Ref]] = {}
        for label, anchor, item in findings:
            ref = self.ref(item.source, item.first_line, item.last_line)
            if ref and ref.anchor:
                backs.setdefault(ref.anchor, []).append(Ref(label=label, anchor=anchor))
        return tuple(
            Excerpt(source=source, lines=tuple(self.mark(source, line, backs) for line in lines))
            for source, lines in self.shown.items()
        )

    def mark(self, source: str, line: Line, backs: dict[str, list[Ref]]) -> Line:
        """The line with its findings, and whether any finding's range covers it."""
        number = line.number
        if number is None:
            return line
        cited = any(item.source == source and covers(item, number) for item in self.cited)
        return replace(line, cited=cited, backs=tuple(backs.get(line.anchor or "", ())))


def shown_lines(case: Case, limits: Limits = FULL) -> set[tuple[str, int]]:
    """The (source, number) of every line that a report of this case shows."""
    shown = Excerpts(case, 1, limits).shown
    return {(source, line.number) for source, lines in shown.items() for line in lines if line.number is not None}


def covers(item: Evidence, number: int) -> bool:
    """Whether a finding points at this line."""
    return item.first_line is not None and item.first_line <= number <= (item.last_line or item.first_line)


def is_cited(event: Event, cited: Iterable[Evidence]) -> bool:
    """Whether a finding points into this record."""
    return any(
        item.source == event.source
        and item.first_line is not None
        and item.first_line <= event.last_line
        and (item.last_line or item.first_line) >= event.first_line
        for item in cited
    )


def relevant(case: Case, cited: Sequence[Evidence]) -> Iterable[Event]:
    """The records worth showing: errors, memory_failure lines, crashes, and whatever a finding rests on."""
    crashes = {place(crash) for crash in (*case.crashes, case.crash) if crash}
    errors = {id(error) for _, error in case.errors}
    for event in case.boot.events:
        kept = place(event) in crashes or id(event) in errors or isinstance(event, MemoryFailure)
        if kept or is_cited(event, cited):
            yield event


def place(event: Event) -> tuple[str, str, int]:
    """What stays of an event when the judgement has added to it what a core knows."""
    return event.kind, event.source, event.first_line


def alike(event: Event) -> tuple[str, ...]:
    """What makes records of a storm the same: all but their numbers."""
    if isinstance(event, HardwareError):
        place = "" if event.severity == "corrected" else f"{event.physical_address or event.page}"
        return (event.kind, event.severity, event.what, place)
    if isinstance(event, MemoryFailure):
        return (event.kind, event.action, event.label or "", event.result or "", f"{event.pfn}")
    return (event.kind, re.sub(r"(?<![0-9a-f])[a-f]*+[0-9][0-9a-f]*", "#", getattr(event, "text", "")))


def name(event: Event) -> str:
    """A record in the words of a remark: `corrected memory read error (edac)`."""
    if isinstance(event, HardwareError):
        return f"{event.severity} {event.what} ({event.kind})"
    if isinstance(event, MemoryFailure):
        return f"memory failure line ({event.action})"
    return f"{event.what} line" if isinstance(event, Notice) else f"{event.kind} record"


def remark(left: Counter[str]) -> list[Line]:
    """`2,996 more of the same kind: corrected memory read error (edac)`."""
    return [Line(number=None, text=f"{count:,} more: {what}") for what, count in left.most_common(4)]
