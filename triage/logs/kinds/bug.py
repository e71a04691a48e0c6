"""What the kernel finds wrong with its own state and survives for now (mm, lib, fs):

BUG: Bad page state in process worker  pfn:40272
page: refcount:0 mapcount:1 mapping:0000000000000000 index:0x0 pfn:0x40272
page dumped because: nonzero mapcount
Call Trace:
"""

from __future__ import annotations

from typing import Any

from triage.logs.grammar import LineToken
from triage.logs.kinds import _crash
from triage.logs.lines import stamped
from triage.model import Crash, Event

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
    tokens = fields["tokens"]
    fields["header"] = fields["header"] or (tokens[0].line.body.strip(),)
    found = _crash.crash(fields, base)
    return [] if is_prose(tokens, found[0]) else found


def is_prose(tokens: list[LineToken], found: Event) -> bool:
    """Whether anybody may have written it: one line that no clock stands before, of a BUG that no title knows."""
    return len(tokens) == 1 and not stamped(tokens[0].line) and isinstance(found, Crash) and found.type == "UNKNOWN"
