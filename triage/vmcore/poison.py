"""Which pages are poisoned: the ones the log names, then, only if pages are missing, the ones a scan finds.

`num_poisoned_pages` says how many there must be. Where the kernel counts per memory block (`nr_hwpoison`, 6.2+ with
memory hotplug) only those blocks are scanned, so that the cost does not grow with memory.
"""

from __future__ import annotations

from collections.abc import Iterable

from drgn.helpers.linux.mm import for_each_memory_block, memory_block_size_bytes

from triage.vmcore.core import DAMAGE, Core
from triage.vmcore.page import Page, poisoned_pages, valid_ranges


def poisoned_count(core: Core) -> int | None:
    """num_poisoned_pages of mm/memory-failure.c; None if the kernel has no memory-failure handling."""
    counter = core.variable("num_poisoned_pages")
    return None if counter is None else int(counter.counter)


def is_poisoned(page: Page) -> bool:
    """PG_hwpoison on this very page, or on its hugetlb head."""
    if page.flag("PG_hwpoison"):
        return True
    return page.type_name == "hugetlb" and page.head.flag("PG_hwpoison")


def find_poisoned(core: Core, suspects: Iterable[int]) -> list[int]:
    """All poisoned PFNs: those among `suspects`, and the rest by scanning if the kernel counted more than these.

    A fatal machine check flags its page for kdump without counting it (mce_panic() in arch/x86/kernel/cpu/mce/core.c):
    the page of MCi_ADDR has to be among the suspects.
    """
    known = [pfn for pfn in dict.fromkeys(suspects) if _set(core, pfn)]
    count = core.attempt("num_poisoned_pages", lambda: poisoned_count(core), None)
    if count is not None and len(known) >= count:
        return known
    found = list(known)
    for start, end in _ranges(core, count):
        with core.noting(f"scan of PFNs {start:#x}-{end:#x}"):
            found += poisoned_pages(core, start, end)
    return list(dict.fromkeys(found))


def _set(core: Core, pfn: int) -> bool:
    page = Page(core, pfn)
    try:
        return page.exists and is_poisoned(page)
    except DAMAGE:
        return False


def _ranges(core: Core, count: int | None) -> list[tuple[int, int]]:
    """Where to scan: memory blocks that count poisoned pages, else all that has a struct page."""
    everything = core.attempt("memory map", lambda: valid_ranges(core), list[tuple[int, int]]())
    blocks = core.attempt("memory blocks", lambda: _block_ranges(core), None)
    if blocks is None or count is None or sum(number for _, _, number in blocks) < count:
        return everything
    return [(start, end) for start, end, number in blocks if number]


def _block_ranges(core: Core) -> list[tuple[int, int, int]] | None:
    """PFN ranges of all memory blocks with their count of poisoned pages; None before 5033091de814 (6.2)."""
    if not core.prog.type("struct memory_block").has_member("nr_hwpoison"):
        return None
    blocks = list(for_each_memory_block(core.prog))
    section = 1 << (int(core.prog["SECTION_SIZE_BITS"]) - core.page_shift)
    size = int(memory_block_size_bytes(core.prog)) >> core.page_shift
    return [
        (int(b.start_section_nr) * section, int(b.start_section_nr) * section + size, int(b.nr_hwpoison.counter))
        for b in blocks
    ]
