"""A report of KASAN, KMSAN, KCSAN or KFENCE (mm/kasan, kmsan, kfence, kernel/kcsan):

BUG: KASAN: slab-use-after-free in chrdev_open+0x41c/0x5e0
Read of size 8 at addr ffff888077ec2bf8 by task worker/812
CPU: 1 UID: 0 PID: 812 Comm: worker Not tainted 6.12.0 #1
Call Trace:
 chrdev_open+0x41c/0x5e0
Allocated by task 611:
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (b"BUG: K",)
GAP = 60
REQUIRED = ("function", "traces")

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash."""
    return _crash.crash(fields, base)
