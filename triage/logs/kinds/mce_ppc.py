"""A machine check or hypervisor maintenance interrupt of powerpc (arch/powerpc/kernel/mce.c, opal-hmi.c, 5.4 to 7.3):

MCE: CPU5: machine check (Severe) Host UE Load/Store DAR: c0000031c7a05240 paddr: 00000031c7a05240 [Not recovered]
MCE: CPU5: NIP: [c0000000000a3f10] memcpy_power7+0x2b0/0x7e0
MCE: CPU5: Initiator CPU
MCE: CPU5: Hardware error
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge, number, present
from triage.model import Component, Event, HardwareError, Severity

ANCHORS = (
    b"MCE: ",
    b" interrupt [",
    b"opal: Hardware platform error",
    b"Failed to identify bad address",
    b"Machine check interrupt ",
)
GAP = 8
REQUIRED = ("error",)

PARTS: tuple[tuple[str, Component], ...] = (
    ("ue", "memory"), ("uncorrectable", "memory"), ("cache", "cache"), ("link", "bus"),
)  # fmt: skip


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; `paddr` is a system physical address, the data address (DAR) a virtual one."""
    error = (fields.get("error") or fields.get("stop") or fields.get("hmi") or "machine check").strip()
    words = error.lower().split()
    if "stop" in fields:
        base["missing"] = ()
    return [
        HardwareError(
            **base,
            component=next(
                (part for word, part in PARTS if any(w.strip("[]").endswith(word) for w in words)), "processor"
            ),
            severity=severity(fields),
            what=error,
            physical_address=number(fields.get("paddr"), 16),
            cpu=number(fields.get("cpu")),
            detail=present(
                level=fields.get("level"),
                disposition=fields.get("disposition"),
                data_address=number(fields.get("dar"), 16),
                nip=number(fields.get("nip"), 16),
                symbol=fields.get("symbol"),
                task=fields.get("task"),
                pid=number(fields.get("pid")),
                initiator=fields.get("initiator"),
                verdict=fields.get("verdict"),
                checkstop=fields.get("checkstop"),
                processor=fields.get("pir"),
            ),
        )
    ]


def severity(fields: dict[str, Any]) -> Severity:
    """Fatal stays fatal; what was recovered from cost at most a process; the rest decides whether the kernel lived.

    A warning stands there as no level in maintenance interrupts and 4.x. What the firmware recovered from before it
    raised such an interrupt cost nothing, however severe it was.
    """
    if fields.get("level") == "Fatal" or "opal" in fields or "stop" in fields:
        return "fatal"
    mild = "hmi" in fields or fields.get("level") in ("Harmless", "Warning", None)
    if mild and fields.get("disposition") == "Recovered":
        return "corrected"
    return "recoverable"
