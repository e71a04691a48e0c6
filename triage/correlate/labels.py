"""What the label of a `recovery action` line tells of the page's type: less than it says (it changed from kernel to
kernel)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from triage.model import Event, MemoryFailure

Known = tuple[str, Literal["core", "log", "inferred"] | None, str | None]

USER_LABEL = re.compile(r"LRU page$")
BY_LABEL = {
    "kernel slab page": "slab",  # up to 5.10; later kernels have no such label
    "huge page": "hugetlb",
    "free huge page": "hugetlb",
    "free buddy page": "free",
    "free buddy page (2nd try)": "free",
    "dax page": "zone-device",
    "non struct page pfn": "no-struct-page",
}
KERNEL_OWNED = "slab, page table, large kmalloc and reserved pages"
SHARED = {
    "get hwpoison page": "slab, page table, reserved, vmalloc and stack pages",
    "unknown page": "slab, page table, reserved, vmalloc and stack pages",
    "reserved kernel page": KERNEL_OWNED,
}


def release(kernel: str | None) -> tuple[int, int] | None:
    """(6, 12) of `6.12.117+deb12-cloud-arm64`."""
    found = re.match(r"(\d{1,3})\.(\d{1,4})", kernel or "")
    return (int(found[1]), int(found[2])) if found else None


def is_since(kernel: str | None, *wanted: int) -> bool | None:
    """Whether the kernel is of that release or later; None if unknown."""
    known = release(kernel)
    return None if known is None else known >= wanted


def page_type(verdict: MemoryFailure | None, reports: Sequence[Event], kernel: str | None) -> Known:
    """(type, its source, why so or why not) as far as the log knows; the core knows better."""
    if any(isinstance(report, MemoryFailure) and report.action == "outside" for report in reports):
        return "no-struct-page", "log", "memory_failure() says that the kernel does not manage this memory"
    label = verdict.label if verdict else None
    if label is None:
        return "unknown", None, "the log has no verdict of memory_failure() for this page"
    if label in BY_LABEL:
        return BY_LABEL[label], "log", f'the kernel\'s label "{label}"'
    if USER_LABEL.search(label):
        return "user", "log", f'the kernel\'s label "{label}"'
    if label == "reserved kernel page" and is_reserved(reports, kernel):
        return "reserved", "log", "kernels before 7.3 print this label for PG_reserved pages only"
    if label in SHARED:
        return "unknown", None, f'this kernel prints "{label}" for {SHARED[label]} alike: only a core can tell'
    return "unknown", None, f'the label "{label}" does not tell the type'


def is_reserved(reports: Sequence[Event], kernel: str | None) -> bool:
    """Whether `reserved kernel page` means PG_reserved: up to 7.2, where no `unhandlable page.` stands before it.

    7.3 prints the label for slab, page tables and large kmalloc too, always after `unhandlable page.`.
    """
    unhandlable = any(isinstance(report, MemoryFailure) and report.action == "unhandlable" for report in reports)
    return is_since(kernel, 7, 3) is False and not unhandlable
