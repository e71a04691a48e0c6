"""A PCI partition frozen by its host bridge, or a platform event, on powerpc (eeh.c, rtasd.c; 5.4 to 7.3):

EEH: Recovering PHB#2-PE#fd
EEH: PE location: U78CB.001.WZS01-P1-C7, PHB location: U78CB.001.WZS01-P1
EEH: Recovery successful.
RTAS: event: 12, Type: Platform Error (224), Severity: 2
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge, number, present, reporter
from triage.model import Event, HardwareError, Severity

ANCHORS = (b"EEH: ", b"RTAS: event: ", b"ardware error detected", b"Check RTAS error log")
GAP = 3
REQUIRED = ()

OUTCOMES: dict[str, Severity] = {
    "frozen": "recoverable", "detected": "recoverable", "failed": "fatal", "informed": "corrected",
    "recovered": "corrected",
}  # fmt: skip
EVENT_LEVEL = 1  # RTAS severities: 0 no error, 1 event, 2 warning, 3 error sync, 4 error, 5 fatal
CORRECTED_LEVEL = 2
FATAL_LEVEL = 5


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the steps in between are notices, as is a firmware event that tells of no error."""
    if "rtas" in fields and int(fields["level"]) <= EVENT_LEVEL:
        fields = {"chatter": f"RTAS: {fields['rtas']}"}
    if "chatter" in fields:
        return reporter(fields, base)
    if "rtas" in fields:
        return [firmware(fields, base)]
    if "platform" in fields or "power" in fields:
        return [platform(fields, base)]
    found = next(((name, level) for name, level in OUTCOMES.items() if name in fields), None)
    if found is None:  # a place without what happened there
        return []
    return [
        HardwareError(
            **base,
            component="pcie",
            severity=found[1],
            what=fields[found[0]],
            location=present(slot=named(fields.get("place"))),
            detail=present(phb_location=fields.get("phb")),
        )
    ]


def named(place: str | None) -> str | None:
    """The place, if it is one: the kernel prints `N/A` where the device tree has none."""
    return None if place == "N/A" else place


def platform(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """What stands behind an RTAS event: `Recoverable hardware error detected`, or power or cooling that fails."""
    what = fields.get("platform") or fields["power"]
    level: Severity = "fatal" if what.startswith(("Fatal", "Critical", "System about")) else "recoverable"
    return HardwareError(**base, component="platform", severity=level, what=what)


def firmware(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """An event of the firmware's error log."""
    level = int(fields["level"])
    severity: Severity = "corrected" if level <= CORRECTED_LEVEL else "recoverable" if level < FATAL_LEVEL else "fatal"
    detail = {"rtas_severity": level, "event": number(fields["event"])}
    return HardwareError(**base, component="platform", severity=severity, what=fields["rtas"], detail=detail)
