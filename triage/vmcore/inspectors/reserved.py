"""Reserved pages that are nothing more specific: firmware, crash kernel, memory kept since boot."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.iomem import resource_names
from triage.vmcore.page import Page

ORDER = 50


def inspect(page: Page) -> Finding | None:
    """`reserved` with the innermost I/O resource that holds it."""
    if not page.flag("PG_reserved"):
        return None
    names = resource_names(page.core, page.physical)
    return Finding(type="reserved", why="PG_reserved is set", detail={"resource": names[-1]} if names else {})
