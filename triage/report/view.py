"""The view of a case that text, Markdown and HTML share: sentences, tables and links are made once, markup is theirs.

All strings that leave this module are printable, on one line and of bounded length (escape.visible).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

import triage
from triage.correlate.scene import arch_of, kernel_of
from triage.model import Case, CoreFacts, Evidence
from triage.report import kernel, moments, words
from triage.report.crash import CrashView, crash_view
from triage.report.errors import ErrorView, error_views
from triage.report.escape import visible
from triage.report.facts import Fact, facts
from triage.report.limits import FULL, Limits
from triage.report.lines import Excerpt, Excerpts, Ref
from triage.report.pages import PageView, page_views
from triage.report.timeline import Timeline, layout
from triage.report.whatif import WhatIf, what_ifs

View = TypeVar("View")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    id: str
    name: str  # E1, A1
    side: str  # for, against
    text: str
    ref: Ref | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputView:
    path: str
    rows: tuple[str, ...]
    sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """All that a report says of one boot."""

    number: int
    title: str
    tone: str  # bad, warn, calm, plain: how loud the verdict may look
    cause: str
    confidence: str
    headline: str
    summary: str  # what follows the headline
    verdict: str  # the two as the rules wrote them
    about: tuple[str, ...]  # host, kernel, wall time
    facts: tuple[Fact, ...]
    findings: tuple[Finding, ...]
    would_raise: tuple[str, ...]
    software_excluded: bool
    timeline: Timeline | None
    errors: ErrorView
    pages: tuple[PageView, ...]
    more_pages: int
    crash: CrashView | None
    kernel: tuple[tuple[str, str], ...]  # counters and sysctls out of a core
    what_ifs: tuple[WhatIf, ...]
    actions: tuple[str, ...]
    excerpts: tuple[Excerpt, ...]
    notes: tuple[str, ...]
    inputs: tuple[InputView, ...]

    def fact(self, key: str) -> Fact | None:
        """The fact of that key, None if this case has none."""
        return next((fact for fact in self.facts if fact.key == key), None)

    @property
    def supporting(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.side == "for")

    @property
    def opposing(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.side == "against")


def tool(seconds: float | None = None) -> str:
    """Name and version, and how long the answer took: the foot of every report."""
    made = f"vmtriage {triage.__version__}"
    return made if seconds is None else f"{made} · answered in {words.span(seconds)}"


def views(cases: Sequence[Case], limits: Limits = FULL) -> tuple[CaseView, ...]:
    """The views of those cases that the limits let a document show in full."""
    return tuple(view(case, number, limits) for number, case in enumerate(cases[: limits.cases], 1))


def view(case: Case, number: int = 1, limits: Limits = FULL) -> CaseView:
    """Everything there is to say of a case."""
    excerpts = Excerpts(case, number, limits)
    evidence = numbered(case, number, limits)
    headline, summary = words.headline(case.verdict.summary)
    notes = dict.fromkeys(
        f"{note.text} ({note.source})" if note.source else note.text for note in (*case.notes, *case.boot.notes)
    )
    made = CaseView(
        number=number,
        title=case.crash.title if case.crash else headline,
        tone=tone(case),
        cause=words.CAUSES[case.verdict.cause],
        confidence=words.SURE[case.verdict.confidence],
        headline=headline,
        summary=summary,
        verdict=case.verdict.summary,
        about=about(case),
        facts=facts(case),
        findings=tuple(
            Finding(
                id=i,
                name=label,
                side=side,
                text=item.text,
                ref=excerpts.ref(item.source, item.first_line, item.last_line),
            )
            for label, i, side, item in evidence
        ),
        would_raise=tuple(case.verdict.would_raise[: limits.rows]),
        software_excluded=case.verdict.software_excluded,
        timeline=layout(moments.moments(case), crashed=case.crash is not None),
        errors=error_views(case, excerpts, limits),
        pages=page_views(case, excerpts, limits),
        more_pages=max(0, len(case.pages) - limits.pages),
        crash=crash_view(case, excerpts, limits) if case.crash else None,
        kernel=kernel.rows(case.boot.core)[: limits.rows] if case.boot.core else (),
        what_ifs=what_ifs(case, limits),
        actions=tuple(action.text for action in case.actions[: limits.rows]),
        excerpts=excerpts.excerpts([(label, i, item) for label, i, _, item in evidence]),
        notes=tuple(list(notes)[: limits.rows]),
        inputs=tuple(inputs(case, limits)),
    )
    return harmless(made, limits.line)


def harmless(item: View, line: int) -> View:
    """The view with every string in it made printable and cut to `line` characters: no field can be forgotten."""
    cleaned: Any = item
    if isinstance(item, str):
        cleaned = visible(item, line)
    elif isinstance(item, (tuple, list)):
        cleaned = type(item)(harmless(part, line) for part in item)
    elif isinstance(item, dict):
        cleaned = {harmless(name, line): harmless(part, line) for name, part in item.items()}
    elif is_dataclass(item) and not isinstance(item, type):
        changes = {f.name: harmless(getattr(item, f.name), line) for f in fields(item)}
        cleaned = replace(item, **changes)
    return cleaned  # type: ignore[no-any-return]


def numbered(case: Case, number: int, limits: Limits) -> list[tuple[str, str, str, Evidence]]:
    """(name, id, side, evidence) of each finding: E1, E2 ... for, A1 ... against."""
    sides = (("E", "for", case.verdict.evidence), ("A", "against", case.verdict.against))
    return [
        (f"{letter}{i}", f"c{number}-{letter}{i}", side, item)
        for letter, side, items in sides
        for i, item in enumerate(items[: limits.rows], 1)
    ]


def tone(case: Case) -> str:
    """How loud the verdict may look: only hardware that is really blamed is red, software and the unknown stay calm."""
    verdict = case.verdict
    if verdict.cause in ("memory-error", "other-hardware"):
        return "bad" if verdict.confidence in ("proven", "strong", "likely") else "warn"
    if verdict.cause == "no-crash":
        return "warn" if any(page.open for page in case.pages) else "plain"
    return "calm" if verdict.cause == "software" else "plain"


def about(case: Case) -> tuple[str, ...]:
    """What this boot is: inputs, host, kernel, machine, when it crashed."""
    crash, core = case.crash, case.boot.core
    dated = crash or next((e for e in case.boot.events if e.wall_time or e.dial), None)
    wall = (dated and dated.wall_time) or (core and core.crash_time) or None
    parts = (
        case.boot.host or (core and core.host),
        kernel_of(case.boot, crash),
        arch_of(case.boot, crash),
        words.date(wall, dated.dial if dated else None),
    )
    return tuple(str(part) for part in parts if part)


def inputs(case: Case, limits: Limits) -> list[InputView]:
    """Each input with what identifies it."""
    made = []
    for source in case.boot.sources[: limits.rows]:
        lines = words.plural(source.lines, "line") if source.lines else None
        rows = [source.kind, source.format, words.size(source.size), lines, source.host, source.boot]
        rows += core_rows(case.boot.core) if case.boot.core and source.path == case.boot.core.path else []
        made.append(InputView(path=source.path, rows=tuple(row for row in rows if row), sha256=source.sha256))
    return made


def core_rows(core: CoreFacts) -> list[str | None]:
    """How a core was read: where its types came from, and what it says of the whole system."""
    return [
        f"types from {core.types}",
        f"build id {core.build_id}" if core.build_id else None,
        f"{words.plural(core.poisoned_count, 'poisoned page')} in the system"
        if core.poisoned_count is not None
        else None,
        f"the process that read it could not: {', '.join(core.cage)}" if core.cage else None,
    ]
