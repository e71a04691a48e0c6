"""A port that cut off what is below it (Downstream Port Containment, drivers/pci/pcie/dpc.c, 5.4 to 7.3):

pcieport 0000:3a:00.0: DPC: containment event, status:0x1f01 source:0x0000
pcieport 0000:3a:00.0: DPC: unmasked uncorrectable error detected
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge, present, reporter
from triage.model import Event, HardwareError, Severity

ANCHORS = (b": DPC: ",)
GAP = 10
REQUIRED = ("status", "reason")

MILD: dict[str, Severity] = {"software trigger": "corrected", "ERR_NONFATAL": "recoverable"}


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        """The fields, and the registers of the root port's PIO log as they stand."""
        pairs = [[token.fields["field"], token.fields["value"]] for token in tokens if "field" in token.fields]
        return merge(tokens) | {"pairs": pairs}


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the link is down afterwards, so all but a trigger on purpose are at least recoverable."""
    if "chatter" in fields:
        return reporter(fields, base)
    reason = fields.get("reason", "").removesuffix(" detected")
    return [
        HardwareError(
            **base,
            component="pcie",
            severity=next((level for word, level in MILD.items() if word in reason), "fatal"),
            what=f"containment event{': ' if reason else ''}{reason}",
            device=fields.get("bdf"),
            detail=present(status=fields.get("status"), requester=fields.get("source"), fields=fields["pairs"] or None),
        )
    ]
