"""A PCI partition frozen by its host bridge, or a platform event, on powerpc (eeh.c, rtasd.c; 5.4 to 7.3):

EEH: Frozen PHB#2-PE#fd detected
EEH: Recovery successful.
RTAS: event: 12, Type: Platform Error (224), Severity: 2
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number, only, present, reporter
from triage.model import Event, HardwareError, Severity

ANCHORS = (b"EEH: ", b"RTAS: event: ")
GAP = 0
REQUIRED = ()

OUTCOMES: dict[str, Severity] = {
    "frozen": "recoverable", "detected": "recoverable", "failed": "fatal", "recovered": "corrected",
}  # fmt: skip
CORRECTED_LEVEL = 2  # RTAS severities: 0 no error, 1 event, 2 warning, 3 error sync, 4 error, 5 fatal
FATAL_LEVEL = 5


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the steps in between are notices."""
    if "chatter" in fields:
        return reporter(fields, base)
    if "rtas" in fields:
        return [platform(fields, base)]
    name, level = next((name, level) for name, level in OUTCOMES.items() if name in fields)
    return [
        HardwareError(
            **base, component="pcie", severity=level, what=fields[name], detail=present(place=fields.get("place"))
        )
    ]


def platform(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """An event of the firmware's error log."""
    level = int(fields["level"])
    severity: Severity = "corrected" if level <= CORRECTED_LEVEL else "recoverable" if level < FATAL_LEVEL else "fatal"
    detail = {"rtas_severity": level, "event": number(fields["event"])}
    return HardwareError(**base, component="platform", severity=severity, what=fields["rtas"], detail=detail)
