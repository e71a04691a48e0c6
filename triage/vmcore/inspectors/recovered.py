"""Pages that memory_failure() recovered so far that nothing in them tells what they were; the log's label does."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 70
_TYPES = {"free buddy page": "free", "huge page": "hugetlb", "free huge page": "hugetlb", "dax page": "zone-device"}


def inspect(page: Page) -> Finding | None:
    """The type that the verdict line implies; `user` for the LRU labels, which do not tell anonymous from file."""
    label = page.core.log.labels.get(page.pfn, "")
    kind = "user" if "LRU page" in label or "swapcache page" in label else _TYPES.get(label)
    if kind is None or page.type_name is not None or not page.flag("PG_hwpoison"):
        return None
    return Finding(type=kind, type_now="kernel-other", why=f"nothing in the page tells; the log's label is {label!r}")
