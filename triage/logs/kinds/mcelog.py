"""A machine check as the mcelog daemon writes it to syslog or its own file (mcelog.c, up to 207):

Hardware event. This is not a software error.
MCE 0
CPU 12 BANK 7 TSC 5f2ab1c04d2
MISC 200000c000402086 ADDR 31c7a05240
TIME 1767323045 Fri Jan  2 03:04:05 2026
MCG status:
MCi status:
Corrected error
MCA: MEMORY CONTROLLER RD_CHANNEL1_ERR
STATUS 9c00004000010091 MCGSTATUS 0
MCGCAP 7000c16 APICID 4a SOCKETID 1
CPUID Vendor Intel Family 6 Model 85

The words repeat what the registers say; `TIME` is Unix seconds.
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import mca
from triage.logs.kinds._fields import merge, number, present
from triage.model import Event, HardwareError, Severity

ANCHORS = (b"This is not a software error",)
GAP = 16
REQUIRED = ("bank", "status", "time")
VENDORS = {"Intel": mca.INTEL, "AMD": mca.AMD, "Hygon": mca.HYGON}
WEIGHTS: dict[str, Severity] = {"Uncorrected": "recoverable"}
REGISTERS = ("status", "mcgstatus", "addr", "misc", "ppin", "tsc", "ip", "microcode", "apic")


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One bank; `physical_address` only if MCi_ADDR is one by the kernel's own rule."""
    base = base | {"wall_time": number(fields.get("time")) or base["wall_time"]}
    if "thermal" in fields:  # STATUS is the thermal status register, no bank's
        hot = {"component": "processor", "severity": "corrected", "what": "thermal event"}
        return [HardwareError(**base | hot | {"missing": (), "cpu": number(fields.get("cpu"))})]
    registers = {name: number(fields.get(name), 16) for name in REGISTERS}
    bank = mca.Bank(
        status=registers["status"] or 0,
        bank=number(fields.get("bank")),
        address=registers["addr"],
        misc=registers["misc"],
        vendor=VENDORS.get(fields.get("vendor", "")),
        family=number(fields.get("family")),
    )
    known = "status" in fields
    if not known and "weight" not in fields:
        base = base | {"missing": (*base["missing"], "severity")}
    severity = mca.severity(bank) if known else WEIGHTS.get(fields.get("weight", ""), "corrected")
    return [
        HardwareError(
            **base,
            component=mca.component(bank) if known else "unknown",
            severity=severity,
            what=mca.text(bank) if known else fields.get("meaning") or "machine check",
            physical_address=mca.usable_address(bank) if known else None,
            granularity=mca.granularity(bank) if known else None,
            mca=present(bank=bank.bank, **registers, **(mca.decode(bank, registers["mcgstatus"]) if known else {})),
            location=present(socket=number(fields.get("socket"))),
            cpu=number(fields.get("cpu")),
            previous_boot=severity == "fatal" and not (registers["mcgstatus"] or 0) & mca.MCIP,  # left in the bank
            detail=present(meaning=fields.get("meaning")),
        )
    ]
