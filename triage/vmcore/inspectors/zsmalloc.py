"""zsmalloc pages: compressed swap (zram, zswap). Typed since 43d746dc49bb (6.11)."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 34


def inspect(page: Page) -> Finding | None:
    """`zsmalloc`."""
    if page.type_name != "zsmalloc":
        return None
    return Finding(type="zsmalloc", why="the page carries the zsmalloc type")
