"""An error record of an Arm RAS node, from the driver for the Arm Error Source Table (drivers/ras/aest):

AEST: {3}[Hardware Error]: Hardware error from AEST memory.70e0000
AEST: {3}[Hardware Error]:  Error from memory at SRAT proximity domain 0x1
AEST: {3}[Hardware Error]:   ERR0STATUS: 0xe0100012
AEST: {3}[Hardware Error]:   ERR0ADDR: 0x31c7a05240
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import arm_ras, cper
from triage.logs.kinds._fields import merge, number, present
from triage.model import Event, HardwareError

ANCHORS = (b"[Hardware Error]: ",)
GAP = 20
REQUIRED = ("source", "status")


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        """The head's fields, and the registers by their names in lower case."""
        registers = {t.fields["register"].lower(): int(t.fields["value"], 16) for t in tokens if "register" in t.fields}
        return merge(tokens) | registers


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; `physical_address` only if the record vouches for it."""
    status = fields.get("status")
    registers = {name: fields.get(name) for name in ("status", "addr", "misc0", "misc1", "misc2", "misc3")}
    origin = fields.get("node") or fields.get("source") or "hardware error"
    return [
        HardwareError(
            **base,
            component=cper.component(f"{fields.get('source', '')} {origin}"),
            severity=arm_ras.severity(status) if status is not None else "corrected",
            what=f"error from {origin}" if "node" in fields else origin,
            sequence=number(fields.get("seq")),
            physical_address=arm_ras.physical_address(status or 0, fields.get("addr")),
            detail=present(source=fields.get("source"), **registers),
        )
    ]
