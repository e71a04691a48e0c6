"""An error of a CXL device (drivers/cxl/pci.c, core/ras.c, 6.0 to 7.3), or its trace event where a log holds one:

cxl_pci 0000:c1:00.0: mem2: frozen state error detected, disable CXL.mem
cxl_aer_uncorrectable_error: memdev=mem2 host=0000:c1:00.0 serial=77: status: 'Memory Data Parity Error'
cxl_dram: memdev=mem2 host=0000:c1:00.0 serial=77 log=Failure : ... dpa=31c7a0000 ... hpa=831c7a0000 region=region0

`hpa` is a host physical address, `dpa` one inside the device.
"""

from __future__ import annotations

import re
from typing import Any

from triage.logs.kinds._fields import number, only, present
from triage.model import Event, HardwareError, Notice, Severity

ANCHORS = (b" CXL.mem", b": error resume ", b"correctable_error: ", b": memdev=", b" state error detected, ")
GAP = 0
REQUIRED = ()

PAIR = re.compile(r"\b(\w{1,40})(?:=|: )('[^']*'|[^\s']+?)(?=:?(?:\s|$))")  # values of a trace event
LOGS: dict[str, Severity] = {
    "Informational": "corrected",
    "Warning": "corrected",
    "Failure": "recoverable",
    "Fatal": "fatal",
}
MEMORY = ("general_media", "dram", "memory_sparing")  # events of the media; the others are of the device
CELLS = {"channel": 10, "rank": 10, "device": 16, "bank_group": 10, "bank": 10, "row": 10, "column": 10}
NOWHERE = 0xFFFFFFFFFFFFFFFF  # hpa of an address that no region maps


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error, or a notice that the device dropped some."""
    if "overflow" in fields:
        count = number(fields["records"])
        return [Notice(**base, what="lost", text=fields["overflow"], values=present(reason="overflow", count=count))]
    if "rest" in fields:
        return [traced(fields, base)]
    what = fields.get("state") or fields["reset"]
    level: Severity = "recoverable" if "state" in fields or what.endswith("failed") else "corrected"
    location = present(memdev=fields.get("memdev"))
    return [
        HardwareError(
            **base,
            component="cxl",
            severity=level,
            what=what,
            device=fields["bdf"],
            location=location,
            detail=present(driver=fields.get("driver")),
        )
    ]


def traced(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """A trace event; its values by the names they have there."""
    values = {name: value.strip("'") for name, value in PAIR.findall(fields["rest"])}
    hpa = number(values.get("hpa"), 16)
    told = fields.get("poison") or fields.get("media") or f"{fields['protocol']} error"
    return HardwareError(
        **base,
        component="memory" if "poison" in fields or fields.get("media") in MEMORY else "cxl",
        severity=severity(fields, values),
        what=values.get("status") or values.get("type") or values.get("event_type") or told.replace("_", " "),
        physical_address=hpa if hpa != NOWHERE else None,
        device=values.get("host") or values.get("parent"),
        location=present(memdev=fields["memdev"], region=values.get("region"), serial=values.get("serial"))
        | cells(values),
        injected=values.get("trace_type") == "Inject",
        detail=values,
    )


def cells(values: dict[str, str]) -> dict[str, Any]:
    """The coordinates on the media that the record vouches for; the event has zeros for the others."""
    valid = values.get("validity_flags", "").lower().replace(" ", "_").split("|")
    return present(**{name: number(values.get(name), base) for name, base in CELLS.items() if name in valid})


def severity(fields: dict[str, Any], values: dict[str, str]) -> Severity:
    """By the log that the device put the event into, but what it calls uncorrectable is; poison is uncorrected by its
    nature until it is cleared."""
    if "protocol" in fields:
        return "corrected" if fields["protocol"] == "correctable" else "recoverable"
    if "poison" in fields:
        return "corrected" if values.get("trace_type") == "Clear" else "recoverable"
    level = LOGS.get(values.get("log", ""), "corrected")
    return "recoverable" if level == "corrected" and "UNCORRECTABLE_EVENT" in values.get("descriptor", "") else level
