"""A report of the lock validator (kernel/locking/lockdep.c):

WARNING: possible circular locking dependency detected
6.12.0 #1 Not tainted
worker/812 is trying to acquire lock:
ffff888077ec2bf8 (&dev->lock){+.+.}-{3:3}, at: dev_open+0x41/0x5e0
Call Trace:
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (
    b"WARNING: possible ",
    b"INFO: possible ",
    b"INFO: trying to register",
    b"suspicious RCU usage",
    b"suspicious rcu_",
    b"inconsistent lock state",
    b"bad unlock balance",
    b"still has locks held",
    b"BUG: Invalid wait",
    b"-unsafe lock order",
    b"WARNING: Nested lock",
    b"lock held when returning",
    b"held lock freed",
)
GAP = 60
REQUIRED = ("traces",)

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash."""
    return _crash.crash(fields, base)
