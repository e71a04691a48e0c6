"""An EDAC memory controller's line, all driver families (drivers/edac/edac_mc.c, 5.4 to 7.3):

EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x40272d offset:0x5080 grain:32)
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge, number
from triage.model import Event, HardwareError

ANCHORS = (b"EDAC MC",)
GAP = 0
REQUIRED = ("page",)


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; `page` is in units of the kernel's page size, `grain` in bytes."""
    return [
        HardwareError(
            **base,
            component="memory",
            severity="recoverable" if fields.get("severity") == "UE" else "corrected",
            what=fields.get("message") or "memory error",
            page=number(fields.get("page"), 16),
            page_offset=number(fields.get("offset"), 16),
            count=number(fields.get("count")) or 1,
        )
    ]
