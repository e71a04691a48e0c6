"""The half dozen facts on top of every report: what a ticket needs, in the order an engineer asks."""

from __future__ import annotations

from dataclasses import dataclass

from triage.model import Case, Link, PageHistory
from triage.report import words
from triage.report.whatif import answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One of the half dozen things a ticket needs; `key` is stable for those forms that show only some."""

    key: str
    label: str
    text: str
    tone: str = ""
    anchor: str | None = None


def facts(case: Case) -> tuple[Fact, ...]:
    """What a ticket needs, in the order an engineer asks."""
    page = blamed(case)
    made = [
        Fact(key="do", label="Do now", text=case.actions[0].text) if case.actions else None,
        crash_fact(case),
        page_fact(case, page),
        lag_fact(case, page),
        what_if_fact(case, page),
        hardware_fact(case) if not case.pages else None,
        rests_on(case),
    ]
    return tuple(fact for fact in made if fact)


def crash_fact(case: Case) -> Fact:
    """The name under which the crash can be searched."""
    if case.crash is None:
        return Fact(key="crash", label="Crash", text="none in these inputs")
    return Fact(key="crash", label="Crash", text=case.crash.title, anchor="crash")


def blamed(case: Case) -> PageHistory | None:
    """The page that the verdict blames; without one, the open page if there is only one."""
    chosen = [page for page in case.pages if page.blamed]
    if not chosen:
        still_open = [page for page in case.pages if page.open]
        chosen = still_open if len(still_open) == 1 else []
    return chosen[0] if chosen else None


def page_fact(case: Case, page: PageHistory | None) -> Fact | None:
    """The page in one line; of several that none is blamed of only how many."""
    if page:
        parts = [f"{page.pfn:#x}", words.page_type(page)]
        parts += [page.log_result] if page.log_result else []
        others = len(case.pages) - 1
        parts += [f"{words.plural(others, 'other page')} reported"] if others else []
        label = "Page" if page.blamed or not case.crash else "Open page, not blamed"
        return Fact(key="page", label=label, text=" · ".join(parts), anchor="pages")
    if not case.pages:
        return None
    count = sum(page.open for page in case.pages)
    text = f"{words.plural(len(case.pages), 'page')} reported, {count} left in use; none is blamed"
    return Fact(key="page", label="Pages", text=text, anchor="pages")


def best_link(case: Case, page: PageHistory) -> Link | None:
    """The strongest route from the crash to the page."""
    order = {"line": 0, "page": 1, "time": 2}
    routes = sorted((link for link in case.links if link.pfn == page.pfn), key=lambda link: order[link.match])
    return routes[0] if routes else None


def lag_fact(case: Case, page: PageHistory | None) -> Fact | None:
    """The time between error and crash."""
    if page is None or case.crash is None:
        return None
    link = best_link(case, page)
    lag = link.lag_seconds if link else None
    if lag is None:
        return Fact(key="lag", label="Error to crash", text="not known: the log gives no times for both")
    return Fact(
        key="lag",
        label="Error to crash",
        text=words.span(lag) if abs(lag) < 600 else f"{words.span(lag)} ({lag:,.2f} s)",
    )


def what_if_fact(case: Case, page: PageHistory | None) -> Fact | None:
    """What the sysctl would have done, as merged and as proposed in v4."""
    entries = {entry.policy: entry for entry in case.counterfactual if page and entry.pfn == page.pfn}
    if "linux-7.3" not in entries:
        return None
    merged = answer(entries["linux-7.3"])
    text = f"7.3: {merged}"
    if "v4" in entries:
        text += f"; v4: {answer(entries['v4'])}"
    return Fact(key="what-if", label="With the panic sysctl", text=text, anchor="what-if")


def hardware_fact(case: Case) -> Fact:
    """What these inputs say of hardware when no page is bad."""
    counts = dict.fromkeys(("fatal", "recoverable", "deferred", "corrected"), 0)
    for name, error in case.errors:
        if name not in case.copies:
            counts[error.severity] += error.count
    told = ", ".join(f"{count:,} {severity}" for severity, count in counts.items() if count)
    return Fact(
        key="hardware", label="Hardware errors", text=told or "none in these inputs", anchor="errors" if told else None
    )


def rests_on(case: Case) -> Fact:
    """How many findings speak for and against."""
    text = f"{words.plural(len(case.verdict.evidence), 'finding')} for, {len(case.verdict.against)} against"
    return Fact(key="rests", label="Confidence rests on", text=text, anchor="evidence")
