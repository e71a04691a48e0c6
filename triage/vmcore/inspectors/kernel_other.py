"""Everything else the kernel holds: pages of drivers, networking, tracing, of which struct page says no more."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 90
_LARGE_KMALLOC_ORDER = 2  # kmalloc() of more than two pages bypasses the slab caches (KMALLOC_MAX_CACHE_SIZE)


def inspect(page: Page) -> Finding | None:
    """`kernel-other`; `large-kmalloc` by elimination where the kernel has no type for it."""
    detail = {"refcount": page.refcount, "order": page.order, "head_pfn": page.head.pfn}
    if page.mapping & 2:
        return Finding(type="kernel-other", why="a movable page of a driver (mapping bit 1)", detail=detail)
    if page.refcount == 0 and page.head.pfn == page.pfn and page.order == 0:
        return Finding(
            type="kernel-other", why="no type, no owner, no reference: part of a larger allocation", detail=detail
        )
    untyped = page.core.constant("PGTY_large_kmalloc") is None
    if untyped and page.order >= _LARGE_KMALLOC_ORDER and page.head.refcount == 1 and not page.head.flag("PG_lru"):
        why = f"an untyped compound page of order {page.order} with one owner: a large kmalloc(), by elimination"
        return Finding(type="large-kmalloc", why=why, detail=detail | {"object_address": page.head.virtual})
    return Finding(type="kernel-other", why="in use, without type, mapping or vmalloc area", detail=detail)
