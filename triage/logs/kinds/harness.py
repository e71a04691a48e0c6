"""The harness of a kernel fuzzer says on the console that it failed itself; no fault of the kernel:

SYZFAIL: SIGBUS
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge
from triage.model import Crash, Event

ANCHORS = (b"SYZFAIL: ", b"SYZFATAL: ")
GAP = 0
REQUIRED = ()


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """The failure as a crash of its own type."""
    title = f"{fields['name']}: {fields['message']}"
    return [Crash(**base, header=(title,), title=title, type="SYZ_FAILURE")]
