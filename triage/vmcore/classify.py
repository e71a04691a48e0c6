"""What a page is: the first inspector that recognises it decides, then the facts that every page has are added."""

from __future__ import annotations

from operator import attrgetter
from typing import cast

from triage import registry
from triage.model import PageFacts
from triage.vmcore.core import DAMAGE, EXCLUDED, Core, reason
from triage.vmcore.finding import Finding, Inspector
from triage.vmcore.memcg import memcg_name
from triage.vmcore.page import Page
from triage.vmcore.poison import is_poisoned


def inspect_page(core: Core, pfn: int) -> PageFacts:
    """All facts of one page frame; what failed is among the core's notes."""
    page = Page(core, pfn)
    finding = classify(page)
    exists = core.attempt(f"struct page of {pfn:#x}", lambda: page.exists, False)
    charged = core.attempt(f"memory cgroup of {pfn:#x}", lambda: memcg_name(page), None) if exists else None
    where = core.attempt("zones", lambda: page.node_and_zone, None) if exists else None
    return PageFacts(
        pfn=pfn,
        physical_address=page.physical,
        type=finding.type,
        type_now=finding.type_now or finding.type,
        poisoned=core.attempt(f"flags of {pfn:#x}", lambda: is_poisoned(page), None) if exists else None,
        detail=finding.detail,
        node=where[0] if where else None,
        zone=where[1] if where else None,
        memcg=charged or finding.detail.get("memcg"),
        flags=core.attempt(f"flags of {pfn:#x}", page.flag_names, tuple[str, ...]()) if exists else (),
        evidence=(finding.why,),
        referrers=tuple(finding.referrers),
        excluded=core.missing(pfn) == EXCLUDED,
    )


def classify(page: Page) -> Finding:
    """The finding of the first inspector that recognises the page; `unknown` with the reason if none does."""
    failed: dict[str, list[str]] = {}
    found = None
    for inspector in inspectors():
        try:
            finding = inspector.inspect(page)
        except DAMAGE as error:
            page.core.skipped(error)
            failed.setdefault(reason(error), []).append(_name(inspector))
            continue
        if finding is not None:
            found = finding
            break
    if found is None and failed:  # as a rule all for the same reason, and one line is enough
        failed = {next(iter(failed)): ["type"]}
    for why, names in failed.items():
        page.core.note(f"{', '.join(names)} of page {page.pfn:#x}: {why}")
    return found or Finding(type="unknown", why="no inspector could tell")


def inspectors() -> list[Inspector]:
    """All modules of `inspectors/` in the order in which they are asked."""
    found = [cast(Inspector, module) for module in registry.modules("triage.vmcore.inspectors")]
    return sorted(found, key=attrgetter("ORDER"))


def _name(inspector: Inspector) -> str:
    return str(getattr(inspector, "__name__", "inspector")).rpartition(".")[2]
