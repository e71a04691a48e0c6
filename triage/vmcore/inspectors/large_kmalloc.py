"""kmalloc() of more than two pages, which comes straight from the page allocator.

Newer kernels have a type for it (PGTY_large_kmalloc); else it is a compound page like any other: see kernel_other.py.
"""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 33


def inspect(page: Page) -> Finding | None:
    """`large-kmalloc` with head_pfn, order and the address that kmalloc() returned."""
    if page.type_name != "large_kmalloc":
        return None
    detail = {"head_pfn": page.head.pfn, "order": page.order, "object_address": page.head.virtual}
    return Finding(type="large-kmalloc", why="the head page carries the large-kmalloc type", detail=detail)
