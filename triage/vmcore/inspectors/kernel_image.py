"""The kernel image: text, read-only data, data and bss, between _text and _end; reserved since boot."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.iomem import resource_names
from triage.vmcore.page import Page
from triage.vmcore.translate import image_virtual

ORDER = 40


def inspect(page: Page) -> Finding | None:
    """`kernel-image` with the first symbol on the page, or the one in the poisoned line, and the resource.

    The init sections are freed after boot and belong to others then, so the page must still be reserved."""
    if not page.flag("PG_reserved"):
        return None
    address = image_virtual(page.core, page.physical)
    if address is None:
        return None
    lines = [a for a in page.core.lines if page.physical <= a < page.physical + page.core.page_size]
    where = page.core.symbol(address + (lines[0] - page.physical if lines else 0))
    detail: dict[str, object] = {"address": address}
    if where is not None:
        detail["symbol"] = where[0]
        detail["symbols"] = _symbols(page, address)
    names = resource_names(page.core, page.physical)
    if names:
        detail["resource"] = names[-1]
    return Finding(type="kernel-image", why="it lies in the kernel image", detail=detail)


def _symbols(page: Page, address: int) -> list[str]:
    """The symbols on the page, in order."""
    found: list[str] = []
    at = address
    while at < address + page.core.page_size and len(found) < 64:
        where = page.core.symbol(at)
        if where is None:  # padding between two functions
            at += 16 - at % 16
            continue
        name, offset, size = where
        found.append(name)
        at += max(size - offset, 1)
    return found
