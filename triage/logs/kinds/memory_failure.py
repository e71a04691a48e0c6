"""A line of mm/memory-failure.c, or of a caller that hands a page to it (kernel 5.4 to 7.3):

Memory failure: 0x40272d: recovery action for get hwpoison page: Ignored

PFNs are in units of the kernel's page size. Panics that name a memory failure are crashes.
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number
from triage.model import Event, MemoryFailure

ANCHORS = (
    b"emory failure",
    b"Memory Failure: ",
    b"Unpoison: ",
    b"oft offlin",
    b"oft_offline: ",
    b"offline_page: 0x",
    b"get_any_page: 0x",
    b"MCE 0x",
    b"ory_failure_event: ",
    b"due to hardware memory corruption",
    b"Soft-offlining pfn",
    b"CEC: Invalid pfn",
)
GAP = 0
REQUIRED = ()

# The terminal that a line is -> what the line says; all others are notes.
ACTIONS = {
    "VERDICT": "verdict", "VERDICT_OLD": "verdict", "TRACE": "verdict",
    "RASDAEMON": "verdict",  # its page_type is of a frozen list, and wrong on most kernels: no label
    "UNHANDLABLE": "unhandlable", "UNKNOWN_STATE": "unknown-state", "ALREADY": "already-poisoned",
    "SIGBUS": "sigbus", "KILL": "kill", "KILLING": "kill", "OUTSIDE": "outside", "OVERFLOW": "overflow",
    "UNPOISON": "unpoison", "UNPOISON_OLD": "unpoison", "SOFT": "soft-offline", "SOFT_FREE": "soft-offline",
    "CEC": "soft-offline", "MADVISE": "soft-offline", "INJECT": "injection",
}  # fmt: skip


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        token = tokens[0]
        return {**token.fields, "is": token.type, "body": token.line.body}


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One line; `text` is the message behind its prefix."""
    action: Any = ACTIONS.get(fields["is"], "note")
    get = fields.get
    return [
        MemoryFailure(
            **base,
            action=action,
            text=text(fields["body"]),
            pfn=number(get("pfn") or get("bare_pfn"), 16),
            label=get("label"),
            result=get("result"),
            task=get("task"),
            pid=number(get("pid")),
        )
    ]


def text(body: str) -> str:
    """`Memory failure: 0x40272d: unhandlable page.` without what every line of the file begins with."""
    head, found, tail = body.partition("emory failure: ")
    return (tail if found and len(head) < len("soft offline: M") else body).strip()
