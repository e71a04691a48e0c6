"""Network receive buffers of a page_pool: marked by a magic word (c07aea3ef4d4, 5.14)."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 62
_SIGNATURE, _MASK = 0x40 | 0xDEAD000000000000, ~0x3  # PP_SIGNATURE = 0x40 + POISON_POINTER_DELTA


def inspect(page: Page) -> Finding | None:
    """`page-pool`."""
    kind = page.head.struct.type_.type
    if not kind.has_member("pp_magic") or page.type_name is not None:
        return None
    if int(page.head.struct.pp_magic) & _MASK != _SIGNATURE:
        return None
    return Finding(type="page-pool", why="its pp_magic is a page_pool's", detail={"head_pfn": page.head.pfn})
