"""Pages that memory_failure() recovered so far that nothing in them tells what they were; the log's label does."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 70
_TYPES = {"free buddy page": "free", "huge page": "hugetlb", "free huge page": "hugetlb", "dax page": "zone-device"}


def inspect(page: Page) -> Finding | None:
    """The type that the label of the verdict line implies for a page without type and mapping."""
    label = page.core.log.labels.get(page.pfn, "")
    # an anonymous page keeps its mapping word for ever (__free_pages_prepare() returns early on PG_hwpoison), a file
    # page loses it when it is truncated: with an LRU label and no mapping it was a file's
    kind = "page-cache" if "LRU page" in label else _TYPES.get(label)
    if kind is None or page.type_name is not None or not page.flag("PG_hwpoison"):
        return None
    return Finding(
        type=kind, type_now="kernel-other", why=f"no type and no mapping are left; the log's label is {label!r}"
    )
