"""One line that says that the kernel's state is wrong (net/core/dev.c, fs/super.c, kernel/fork.c):

unregister_netdevice: waiting for lo to become free. Usage count = 3
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (
    b"to become free. Usage",
    b"VFS: Close: file count",
    b"VFS: Busy inodes after",
    b"BUG: Bad rss-counter",
    b" on freeing mm: ",
    b"trusty: panic",
    b"WARNING: kernel stack ",
)
GAP = 0
REQUIRED = ()

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash."""
    return _crash.crash(fields, base)
