"""Page tables: which level, and whose. pt_mm is set for few of them (x86: top levels), so the tables are walked."""

from __future__ import annotations

from triage.vmcore import pagetables
from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 32


def inspect(page: Page) -> Finding | None:
    """`page-table` with level (1 is the lowest), task and the first address it maps."""
    if page.type_name != "table":
        return None
    finding = Finding(type="page-table", why="the page carries the page-table type")
    with page.core.noting(f"owner of page table {page.pfn:#x}"):
        owner = pagetables.find_owner(page.core, page.physical)
        if owner is not None:
            finding.detail |= {"task": owner.task, "level": owner.level, "maps": owner.address}
    return finding
