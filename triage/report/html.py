"""The report as one HTML file that stands alone: no script, nothing from outside, under a megabyte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from jinja2 import TemplateError
from markupsafe import Markup

from triage.model import Case, Site
from triage.report import timeline, words
from triage.report.escape import visible
from triage.report.limits import BRIEF, FULL, SHORT, Limits
from triage.report.templates import environment
from triage.report.view import CaseView, tool, views
from triage.resources import folder

LIMIT = 1_000_000  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the table of contents; `number` is None for a case that is not shown in full."""

    number: int | None
    cause: str
    confidence: str
    title: str
    host: str


def render(cases: Sequence[Case], *, seconds: float | None = None, sites: Sequence[Site] = ()) -> str:
    """The report, in less detail where it would grow beyond the limit; `seconds` is how long the analysis took."""
    for limits in (FULL, SHORT, BRIEF):
        text = _render(cases, limits, seconds, sites)
        if len(text.encode()) < LIMIT:
            return text
    return _render(cases, Limits(cases=0, listed=1000), seconds, sites)


def embedded(cases: Sequence[Case]) -> str:
    """The report for a notebook: in a frame of its own, so that its style does not leak and nothing in it can run."""
    frame = '<iframe sandbox="" style="width:100%;height:48em;border:0" srcdoc="{}"></iframe>'
    return str(Markup(frame).format(render(cases)))


def _render(cases: Sequence[Case], limits: Limits, seconds: float | None, sites: Sequence[Site]) -> str:
    env = environment("html")
    shown = views(cases, limits)
    return env.get_template("case.html").render(
        cases=[(view, sections(view)) for view in shown],
        entries=[_entry(case, number, limits) for number, case in enumerate(cases[: limits.listed], 1)],
        total=len(cases),
        sites=[words.site(site) for site in sites[: limits.rows]],
        title=shown[0].title if len(cases) == 1 and shown else f"{words.plural(len(cases), 'case')}",
        style=Markup((folder("reports/templates") / "style.css").read_text()),
        tool=tool(seconds),
    )


def sections(view: CaseView) -> list[Markup]:
    """The sections of one case, in the order of their names."""
    return [_section(name, view) for name in section_names()]


@cache
def section_names() -> tuple[str, ...]:
    """The sections in the order of their names."""
    return tuple(sorted(path.name for path in (folder("reports/templates") / "sections").glob("*.html")))


def _section(name: str, view: CaseView) -> Markup:
    """One section; one that fails is reported in its place and does not take the others with it."""
    env = environment("html")
    try:
        return Markup(env.get_template(f"sections/{name}").render(case=view, axis=timeline.AXIS))
    except (TemplateError, TypeError, ValueError, KeyError) as error:
        return Markup("<p class=dim>The section {} could not be made: {}</p>").format(name, f"{error}")


def _entry(case: Case, number: int, limits: Limits) -> Entry:
    title = case.crash.title if case.crash else words.headline(case.verdict.summary)[0]
    return Entry(
        number=number if number <= limits.cases else None,
        cause=words.CAUSES[case.verdict.cause],
        confidence=words.SURE[case.verdict.confidence],
        title=visible(title, 120),
        host=visible(case.boot.host or "", 60),
    )
