"""What vm.panic_on_unrecoverable_memory_failure would have changed, in words."""

from __future__ import annotations

from dataclasses import dataclass

from triage.model import Case, Counterfactual
from triage.report import words
from triage.report.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One policy and page: the answer, when, and why."""

    policy: str
    page: str
    answer: str
    tone: str
    when: str
    why: str
    by_type: str
    blamed: bool


def what_ifs(case: Case, limits: Limits) -> tuple[WhatIf, ...]:
    """The answers, the blamed page's and the merged policy's first."""
    guilty = {page.pfn for page in case.pages if page.blamed}
    entries = sorted(case.counterfactual, key=lambda e: (e.pfn not in guilty, e.pfn, e.policy == "v4"))
    return tuple(_what_if(entry, entry.pfn in guilty) for entry in entries[: limits.rows])


def _what_if(entry: Counterfactual, blamed: bool) -> WhatIf:
    return WhatIf(
        policy=words.POLICIES[entry.policy],
        page=f"{entry.pfn:#x}",
        answer="it did" if entry.actual else entry.would_panic,
        tone={"yes": "bad", "no": "ok", "depends": "warn"}[entry.would_panic],
        when=moment(entry),
        why=entry.why,
        by_type=by_type(entry),
        blamed=blamed,
    )


def answer(entry: Counterfactual) -> str:
    """The answer in half a sentence: `yes, at 41.231902, 192.43 s earlier`."""
    if entry.actual:
        return "this kernel did panic at the error"
    if entry.would_panic == "yes":
        return ", ".join(part for part in ("yes, a clean panic", moment(entry)) if part)
    if entry.would_panic == "no":
        return "no"
    kinds = ", ".join(words.kind_of_page(kind) for kind, said in entry.if_type.items() if said == "yes")
    return "depends on the page's type" + (f" (yes for {kinds})" if kinds else "")


def moment(entry: Counterfactual) -> str:
    """When, and how much earlier than the crash came; nothing where it would not have panicked."""
    if entry.would_panic == "no" or entry.at is None:
        return ""
    lead = f" ({words.span(entry.lead_seconds)} earlier)" if entry.lead_seconds is not None else ""
    return f"at {words.clock(entry.at)}{lead}"


def by_type(entry: Counterfactual) -> str:
    """yes for slab, page table; no for vmalloc."""
    groups: dict[str, list[str]] = {}
    for kind, said in entry.if_type.items():
        groups.setdefault(said, []).append(words.kind_of_page(kind))
    order = {"yes": 0, "depends": 1, "no": 2}
    parts = sorted(groups.items(), key=lambda group: order.get(group[0], 1))
    return "; ".join(f"{said} for {', '.join(kinds)}" for said, kinds in parts)
