"""The report in GitHub's Markdown: the verdict open, the rest in <details>."""

from __future__ import annotations

from collections.abc import Sequence

from triage.model import Case
from triage.report import words
from triage.report.escape import fence
from triage.report.limits import BRIEF, FULL, SHORT, Limits
from triage.report.lines import Excerpt
from triage.report.templates import environment
from triage.report.view import tool, views

LIMIT = 65_000  # characters; GitHub refuses a comment of more than 65,536


def render(cases: Sequence[Case], *, seconds: float | None = None) -> str:
    """The report, in less detail where it would not fit into one comment."""
    for limits in (FULL, SHORT, BRIEF):
        text = _render(cases, limits, seconds)
        if len(text) <= LIMIT:
            return text
    end = text.rfind("\n", 0, LIMIT - 200)
    return f"{text[:end]}\n\n(cut here: too long for one comment)\n"


def _render(cases: Sequence[Case], limits: Limits, seconds: float | None) -> str:
    shown = views(cases, limits)
    left = f"{words.plural(len(cases) - len(shown), 'more case')}" if len(cases) > len(shown) else ""
    template = environment("markdown").get_template("summary.md")
    return template.render(cases=shown, left=left, tool=tool(seconds), block=block)


def block(excerpt: Excerpt) -> str:
    """The lines as a code block that none of them can end."""
    rows = [f"{line.number:>6} | {line.text}" if line.number else f"       ... {line.text}" for line in excerpt.lines]
    marks = fence(rows)
    return "\n".join([f"{marks}text", *rows, marks])
