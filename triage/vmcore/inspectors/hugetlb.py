"""hugetlb pages: type on the head (d99e3140a4d3, 6.9), before that a flag (6.6 to 6.8) or the compound destructor."""

from __future__ import annotations

from triage.vmcore.core import DAMAGE
from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 31


def inspect(page: Page) -> Finding | None:
    """`hugetlb` with the order, and the sub-pages that are known to be bad."""
    if page.type_name != "hugetlb" and not _older(page):
        return None
    finding = Finding(type="hugetlb", why="the head page is a hugetlb page", detail={"order": page.order})
    finding.detail["head_pfn"] = page.head.pfn
    with page.core.noting("list of bad hugetlb sub-pages"):
        finding.detail["bad_pfns"] = raw_poisoned(page)
    return finding


def _older(page: Page) -> bool:
    if page.order == 0:
        return False
    try:
        destructor = page.head.struct[1].compound_dtor
    except DAMAGE:
        bit = page.core.constant("PG_hugetlb")  # 6.6 to 6.8: in the flags of the first tail page
        return bit is not None and bool(int(page.head.struct[1].flags) >> bit & 1)
    return int(destructor) == page.core.number("HUGETLB_PAGE_DTOR")


def raw_poisoned(page: Page) -> list[int]:
    """PFNs on the folio's list of `struct raw_hwp_page` (161df60e9e89, 6.0): PG_hwpoison itself is only on the head."""
    folio = page.overlay("struct folio *")
    if not folio.type_.type.has_member("_hugetlb_hwpoison"):
        return []
    node = int(folio._hugetlb_hwpoison)
    found: list[int] = []
    prog = page.core.prog
    kind, size = prog.type("struct raw_hwp_page"), prog.type("struct page").size or 64
    while node and len(found) < 1 << 18:
        entry = prog.read_u64(node + kind.member("page").bit_offset // 8)
        found.append((entry - int(prog["vmemmap"])) // size)
        node = prog.read_u64(node + kind.member("node").bit_offset // 8)
    return found
