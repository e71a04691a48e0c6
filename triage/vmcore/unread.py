"""The pages that an analysis needed and that the core does not hold: what they would have told is absent, not false.

makedumpfile leaves out free, user and poisoned pages on purpose, a faulty one kernel pages as well: a dentry, a page
table, a task_struct. Lists and owners then end in them.
"""

from __future__ import annotations

from collections.abc import Container

from triage.vmcore import translate
from triage.vmcore.core import Core
from triage.vmcore.page import valid_ranges

_NAMED = 8


def pages(core: Core, described: Container[int]) -> list[int]:
    """PFNs, rising, of memory that a read failed on, without the pages `described`: those say so themselves."""
    if not core.failed:
        return []
    ranges = core.attempt("memory map", lambda: valid_ranges(core), list[tuple[int, int]]())
    found = set()
    for address, is_physical in core.failed:
        physical = address if is_physical else translate.physical(core, address)
        pfn = -1 if physical is None else physical >> core.page_shift
        if any(start <= pfn < end for start, end in ranges) and pfn not in described and core.missing(pfn):
            found.add(pfn)
    return sorted(found)


def note(pfns: list[int]) -> str:
    """The pages in words."""
    named = ", ".join(map(hex, pfns[:_NAMED])) + (" ..." if len(pfns) > _NAMED else "")
    which = f"{len(pfns)} pages that were needed are" if len(pfns) > 1 else "a page that was needed is"
    return f"{which} not in the dump ({named}): an owner, path or memory cgroup that they lead to is absent"
