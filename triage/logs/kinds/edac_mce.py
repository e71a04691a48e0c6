"""The registers that an EDAC driver is about to decode (skx_common.c, sb_edac.c, igen6_edac.c; 5.4 to 7.3):

EDAC skx MC1: HANDLING MCE MEMORY ERROR
EDAC skx MC1: CPU 8: Machine Check Event: 0x0 Bank 13: 0x8c00004200800090
EDAC skx MC1: TSC 0x5f2ab1c04d2
EDAC skx MC1: ADDR 0x31c7a05240
EDAC skx MC1: MISC 0x200000020001086
EDAC skx MC1: PROCESSOR 0:0x606a6 TIME 1767323045 SOCKET 1 APIC 0x40
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import mca
from triage.logs.kinds._fields import merge, number, present
from triage.model import Event, HardwareError

ANCHORS = (b": HANDLING ",)
GAP = 6
REQUIRED = ("addr",)


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the driver's own EDAC line follows it as a second report."""
    names = ("status", "mcgstatus", "addr", "misc", "tsc", "cpuid", "apic")
    registers = {name: number(fields.get(name), 16) for name in names}
    known = registers["status"] is not None
    bank = mca.Bank(
        status=registers["status"] or 0,
        bank=number(fields.get("bank")),
        address=registers["addr"],
        misc=registers["misc"],
        vendor=number(fields.get("vendor")),
    )
    if not known:  # igen6 has none to print
        base = base | {"missing": (*base["missing"], "severity")}
    return [
        HardwareError(
            **base,
            component="memory",
            severity=mca.severity(bank),
            what=mca.text(bank) if known else "memory error",
            physical_address=mca.usable_address(bank) if known else None,
            granularity=mca.granularity(bank) if known else None,
            mca=present(bank=bank.bank, **registers, **(mca.decode(bank, registers["mcgstatus"]) if known else {})),
            location=present(memory_controller=number(fields.get("mc")), socket=number(fields.get("socket"))),
            cpu=number(fields.get("cpu")),
            detail=present(driver=fields.get("driver")),
        )
    ]
