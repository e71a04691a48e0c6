"""A processor that throttles, or a machine that powers off, of heat (therm_throt.c, drivers/thermal, 5.4 to 7.3):

mce: CPU14: Package temperature above threshold, cpu clock throttled (total events = 612)
thermal thermal_zone0: acpitz: critical temperature reached (105 C), shutting down
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number, only, present
from triage.model import Event, HardwareError

ANCHORS = (b" above threshold", b"critical temperature reached")
GAP = 0
REQUIRED = ()


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; `count` is what the processor counted since boot."""
    if "zone" in fields:
        detail = present(zone=fields["zone"], celsius=number(fields["celsius"]))
        return [HardwareError(**base, component="platform", severity="fatal", what=fields["what"], detail=detail)]
    count, cpu = number(fields["count"]) or 1, number(fields["cpu"])
    return [
        HardwareError(**base, component="processor", severity="corrected", what=fields["what"], cpu=cpu, count=count)
    ]
