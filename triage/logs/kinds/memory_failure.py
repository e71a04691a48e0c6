"""A line of mm/memory-failure.c, or of a caller that hands a page to it (kernel 5.4 to 7.3):

Memory failure: 0x40272d: recovery action for get hwpoison page: Ignored

PFNs are in units of the kernel's page size. Panics that name a memory failure are crashes.
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number
from triage.model import Event, MemoryFailure

ANCHORS = (
    b"Memory failure: ",
    b"Memory Failure: ",
    b"Unpoison: ",
    b"oft offline: ",
    b"oft_offline: ",
    b"due to hardware memory corruption",
    b"Injecting memory failure",
    b"Soft offlining ",
    b"Soft-offlining pfn",
)
GAP = 0
REQUIRED = ()

# A group of the grammar that a line has -> what the line says.
ACTIONS = {
    "verdict": "verdict", "unhandlable": "unhandlable", "unknown_state": "unknown-state", "already": "already-poisoned",
    "sigbus": "sigbus", "kill": "kill", "killing": "kill", "advisory": "note", "no_signal": "note",
    "no_address": "note", "outside": "outside",
    "overflow": "overflow", "referenced": "note", "note": "note", "unpoison": "unpoison",
    "soft": "soft-offline", "cec": "soft-offline", "inject": "injection", "madvise": "soft-offline",
}  # fmt: skip


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        return {**tokens[0].fields, "body": tokens[0].line.body}


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One line; `text` is the message behind its prefix."""
    action: Any = next(action for group, action in ACTIONS.items() if group in fields)
    return [
        MemoryFailure(
            **base,
            action=action,
            text=text(fields["body"]),
            pfn=number(fields.get("pfn") or fields.get("bare_pfn"), 16),
            label=fields.get("label"),
            result=fields.get("result"),
            task=fields.get("task"),
            pid=number(fields.get("pid")),
        )
    ]


def text(body: str) -> str:
    """`Memory failure: 0x40272d: unhandlable page.` without what every line of the file has."""
    for prefix in ("Memory failure: ", "Memory Failure: "):
        body = body.rpartition(prefix)[2] if prefix in body else body
    return body.strip()
