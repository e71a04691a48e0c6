"""A machine check of s390 that costs the system, which then stops, or a task (arch/s390/kernel/nmi.c, 5.4 to 7.3):

System stopped due to unrecoverable machine check, code: 0x00400F5F4C3B0000
mcck: Terminating task because of machine malfunction (code 0x00400f5f4c3b0000).
mcck: task: db2sysc, pid: 4242.
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge, number, present
from triage.model import Component, Event, HardwareError

ANCHORS = (b"machine check, code: ", b"mcck: Terminating task")
GAP = 2
REQUIRED = ()
STORAGE_BITS = 0b111 << 45  # storage error uncorrected, corrected, storage key error (interruption code bits 16-18)


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the machine check interruption code says whether storage failed."""
    code = number(fields["code"], 16) or 0
    part: Component = "memory" if code & STORAGE_BITS else "processor"
    killed = fields.get("killed")
    return [
        HardwareError(
            **base,
            component=part,
            severity="recoverable" if killed else "fatal",
            what=killed or fields["error"],
            mca={"status": code},
            detail=present(task=fields.get("task"), pid=number(fields.get("pid"))),
        )
    ]
