"""Free pages: in the buddy allocator, in a per-CPU list, or taken out of the buddy lists because they are bad."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mm import page_to_pfn
from drgn.helpers.linux.mmzone import for_each_online_pgdat
from drgn.helpers.linux.percpu import per_cpu_ptr

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 35
MAGIC_HWPOISON = 0x48575053  # include/linux/page-flags.h, "HWPS": in page->private of a page taken off the buddy lists
_MAX_ORDER = 11


def inspect(page: Page) -> Finding | None:
    """`free` with the order of the free block."""
    if page.private == MAGIC_HWPOISON and page.flag("PG_hwpoison"):
        return _taken(page)
    for order in range(_MAX_ORDER):
        head = Page(page.core, page.pfn & ~((1 << order) - 1))
        if head.type_name == "buddy" and head.private >= order:
            detail = {"order": head.private, "head_pfn": head.pfn}
            return Finding(type="free", why=f"it lies in a free block of order {head.private}", detail=detail)
    if page.refcount == 0 and page.type_name is None and page.mapping == 0:
        cpu = _per_cpu_list(page)
        if cpu is not None:
            return Finding(type="free", why=f"it is on the per-CPU free list of CPU {cpu}", detail={"cpu": cpu})
    return None


def _taken(page: Page) -> Finding:
    """What the page was before it was freed and taken, only the log's label tells."""
    why = "memory_failure() took it off the free lists"
    label = page.core.log.labels.get(page.pfn, "")
    if label == "huge page":
        return Finding(type="hugetlb", type_now="free", why=f"{why} after dissolving its huge page (log)")
    if "LRU page" in label:
        return Finding(type="user", type_now="free", why=f"{why}; the log's label is {label!r}")
    return Finding(type="free", why=why)


def _per_cpu_list(page: Page) -> int | None:
    for pgdat in for_each_online_pgdat(page.core.prog):
        for zone in pgdat.node_zones[: pgdat.nr_zones]:
            start = int(zone.zone_start_pfn)
            if start <= page.pfn < start + int(zone.spanned_pages):
                found = _in_zone(page, zone)
                if found is not None:
                    return found
    return None


def _in_zone(page: Page, zone: Object) -> int | None:
    # 28f836b6777b (5.14) split per_cpu_pageset into per_cpu_pages
    percpu = zone.per_cpu_pageset if zone.type_.has_member("per_cpu_pageset") else zone.pageset
    for cpu in for_each_possible_cpu(page.core.prog):
        area = per_cpu_ptr(percpu, cpu)
        lists = area.lists if area.type_.type.has_member("lists") else area.pcp.lists
        for head in lists:
            for entry in list_for_each_entry("struct page", head.address_of_(), "lru"):
                if int(page_to_pfn(entry)) == page.pfn:
                    return cpu
    return None
