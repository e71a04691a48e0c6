"""The verdict for a terminal, and the whole report in 72 columns for Bugzilla, Launchpad and mail."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from triage.model import Case, Note, Site
from triage.report import words
from triage.report.escape import visible
from triage.report.limits import FULL
from triage.report.view import CaseView, Finding, tool, views

TICKET = 72  # columns
NARROW, WIDE = 40, 110  # a terminal's lines are never filled beyond WIDE
LABEL = 10  # columns of the names on the left
BRIEF = ("crash", "page", "lag", "hardware", "what-if")  # the facts that a terminal shows, by key
COLOURS = {"bad": "31", "warn": "33", "calm": "36", "plain": "1", "ok": "32", "dim": "2"}


def render(cases: Sequence[Case], *, colour: bool = False, width: int | None = None) -> str:
    """The verdicts: of each case the first dozen lines say what killed it, how sure that is, why, and what to do."""
    columns = min(max(width or 80, NARROW), WIDE)
    shown = [_Terminal(view, colour, columns).text() for view in views(cases)]
    if len(cases) > len(shown):
        shown.append(f"... and {words.plural(len(cases) - len(shown), 'more case')}; --json holds them all\n")
    return "\n".join(shown)


def ticket(cases: Sequence[Case], *, seconds: float | None = None) -> str:
    """The report to paste: plain characters, no line longer than 72 columns."""
    from triage.report import templates

    return (
        templates.environment("text")
        .get_template("text.txt")
        .render(cases=views(cases, FULL), total=len(cases), tool=tool(seconds))
    )


def nothing(events: int, paths: Sequence[str], untold: int = 0, beside: Sequence[Note] = ()) -> str:
    """What is said when no boot has a crash or an uncorrected error.

    `untold` records do not say how bad they are; `beside` is what the BMC tells.
    """
    names = ", ".join(visible(path, 80) for path in paths[:4]) + (" ..." if len(paths) > 4 else "")
    seen = f"{words.plural(events, 'record')} read" if events else "no record of hardware or crash found"
    found = f"No crash and no uncorrected hardware error in {names} ({seen})." if paths else "No kernel log was given."
    lines = [found, *(f"{visible(str(note.source), 80)}: {visible(note.text)}" for note in beside)]
    if untold:
        unsaid = f"{untold} of them {'do' if untold > 1 else 'does'} not say how bad the error was"
        lines.insert(1, f"{unsaid}: rasdaemon, mcelog or the BMC's event log may know.")
    return "\n".join([*lines, ""])


def crash_sites(sites: Sequence[Site]) -> str:
    """The table hardware error -> crash site of several boots."""
    rows = [words.site(site) for site in sites[: FULL.rows]]
    lines = [f"  {r['often']:>12}  {r['error']} -> {r['title']}  ({r['tie']}; {r['lag']})" for r in rows]
    return "\n".join(["", "Hardware error -> crash site", *lines, ""])


class _Terminal:
    """One case as lines for a terminal."""

    def __init__(self, view: CaseView, colour: bool, width: int) -> None:
        self.view, self.colour, self.width = view, colour, width

    def text(self) -> str:
        """Verdict first, then what it rests on."""
        return "\n".join([*self.verdict(), *self.evidence(), *self.unknown()]) + "\n"

    def verdict(self) -> list[str]:
        """What killed it, how sure, and the facts that a ticket needs."""
        view = self.view
        head = f"{view.cause} · {view.confidence}"
        about = " · ".join(view.about)
        fits = len(head) + len(about) + 3 <= self.width
        lines = [self.paint(head, view.tone, bold=True) + (f"   {self.paint(about, 'dim')}" if about and fits else "")]
        lines += [*self.wrap(view.verdict), ""]
        for key in BRIEF:
            fact = view.fact(key)
            lines += self.row(key.replace("-", " "), fact.text) if fact else []
        lines += self.row("do", view.actions[0]) if view.actions else []
        lines += self.row("why", self.finding(view.supporting[0])) if view.supporting else []
        return lines + ([] if fits else self.row("host", about))

    def evidence(self) -> list[str]:
        """The other findings, everything that speaks against, and the rest of what to do."""
        also = self.rows("also", [self.finding(finding) for finding in self.view.supporting[1:]])
        against = self.rows("against", [self.finding(finding) for finding in self.view.opposing])
        then = self.rows("then", self.view.actions[1:])
        return ["", *also, *against, *then] if also or against or then else []

    def unknown(self) -> list[str]:
        """What would make it surer, and what is missing."""
        lines = self.rows("surer with", self.view.would_raise) + self.rows("note", self.view.notes)
        return ["", *lines] if lines else []

    def finding(self, finding: Finding) -> str:
        """A finding with the lines that say so."""
        return f"{finding.text} [{finding.ref.label}]" if finding.ref else finding.text

    def rows(self, label: str, texts: Sequence[str]) -> list[str]:
        """Several texts under one name."""
        return [line for number, text in enumerate(texts) for line in self.row("" if number else label, text)]

    def row(self, label: str, text: str) -> list[str]:
        """A name on the left, its text wrapped on the right; nothing for no text."""
        if not text:
            return []
        lines = textwrap.wrap(text, self.width - LABEL - 1, break_on_hyphens=False) or [""]
        head = self.paint(f"{label:<{LABEL}}", "dim")
        return [f"{head} {lines[0]}", *(" " * (LABEL + 1) + line for line in lines[1:])]

    def wrap(self, text: str) -> list[str]:
        return textwrap.wrap(text, self.width, break_on_hyphens=False)

    def paint(self, text: str, tone: str, *, bold: bool = False) -> str:
        """The text in the colour of its tone, if colours are wanted."""
        return f"\x1b[{'1;' if bold else ''}{COLOURS[tone]}m{text}\x1b[0m" if self.colour else text
