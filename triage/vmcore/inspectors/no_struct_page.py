"""Memory that the kernel does not manage: no struct page, known only by its name in /proc/iomem."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.iomem import resource_names
from triage.vmcore.page import Page

ORDER = 10


def inspect(page: Page) -> Finding | None:
    """`no-struct-page` with the innermost I/O resource."""
    if page.exists:
        return None
    names = resource_names(page.core, page.physical)
    detail = {"resource": names[-1]} if names else {}
    return Finding(type="no-struct-page", why="the kernel keeps no struct page for this address", detail=detail)
