"""What the kernel finds wrong with its own state and survives for now (mm, lib, fs):

BUG: Bad page state in process worker  pfn:40272
page: refcount:0 mapcount:1 mapping:0000000000000000 index:0x0 pfn:0x40272
page dumped because: nonzero mapcount
Call Trace:
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (
    b"BUG: ",
    b"ainted): ",  # slub: "BUG kmalloc-64 (Not tainted): Redzone overwritten"
    b"(Tainted: ",  # "BUG kmalloc-64 (Tainted: G    B ): ..."
    b"INFO: Freed in",
    b"INFO: Allocated in",
    b"INFO: Slab 0x",
    b"unreferenced object",
    b"rust_kernel: panicked",
)
GAP = 60
REQUIRED = ("traces",)

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash; of a slab report whose begin is lost the first line is the heading of a trace."""
    fields["header"] = fields["header"] or (fields["tokens"][0].line.body.strip(),)
    return _crash.crash(fields, base)
