"""Soft and hard lockups, RCU stalls, hung tasks, workqueue lockups (kernel/watchdog.c, rcu, hung_task.c):

watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [worker:812]
CPU: 3 UID: 0 PID: 812 Comm: worker Not tainted 6.12.0 #1
RIP: 0010:scan_ring+0x41/0x5e0
Call Trace:
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (
    b"BUG: soft lockup", b"ard LOCKUP", b"INFO: rcu", b"BUG: workqueue lockup", b"INFO: task ",
)  # fmt: skip
GAP = 60
EVERY_CALLER = True  # each CPU that is asked for its backtrace prints it itself
REQUIRED = ("traces",)

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash."""
    return _crash.crash(fields, base)
