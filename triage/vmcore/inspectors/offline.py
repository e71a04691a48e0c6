"""Pages that the kernel gave away or must not touch: ballooned, virtio-mem, guard and not yet accepted memory."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 34
_TYPES = {"offline": "ballooned or logically offline", "guard": "a guard page", "unaccepted": "not yet accepted"}


def inspect(page: Page) -> Finding | None:
    """`offline`, with the kernel's own word for the type."""
    kind = page.type_name
    if kind not in _TYPES:
        return None
    return Finding(type="offline", why=f"the page type says {_TYPES[kind]}", detail={"page_type": kind})
