"""How the recovery of a PCI device after an uncorrected error ended (drivers/pci/pcie/err.c, 5.4 to 7.3):

pcieport 0000:3a:00.0: AER: device recovery failed
nvme nvme7: frozen state error detected, reset controller
zpci: 061a:00:00.0: Event 0x2 reports an error for PCI function 0x61a
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import only, present, reporter
from triage.model import Event, HardwareError

ANCHORS = (
    b"evice recovery ",
    b" state error detected, ",
    b"AER: ",
    b"error for PCI function 0x",
    b"Automatic recovery failed",
)
GAP = 0
REQUIRED = ()


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the device works again only after "successful"."""
    if "chatter" in fields:
        return reporter(fields, base)
    ended = fields["ended"]
    level: Any = "corrected" if ended.endswith("successful") else "recoverable"
    return [
        HardwareError(
            **base,
            component="pcie",
            severity=level,
            what=ended,
            device=fields.get("bdf") or fields["name"],
            detail=present(driver=fields.get("driver")),
        )
    ]
