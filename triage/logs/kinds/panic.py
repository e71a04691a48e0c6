"""A panic without a report before it (kernel/panic.c):

Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009
CPU: 0 UID: 0 PID: 1 Comm: init Not tainted 6.12.0 #1
Call Trace:
---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000009 ]---
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (b"Kernel panic",)
GAP = 60
REQUIRED = ("traces",)

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash; whether an end mark alone is one depends on the crashes before it (restart.py)."""
    return _crash.crash(fields, base, panicked=True)
