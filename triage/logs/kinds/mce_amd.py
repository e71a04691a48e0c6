"""A machine check decoded by the AMD decoder (drivers/edac/mce_amd.c, 5.4 to 7.3):

[Hardware Error]: Deferred error, no action required.
[Hardware Error]: CPU:3 (19:11:1) MC21_STATUS[-|-|MiscV|AddrV|-|-|SyndV|UECC|Deferred|-|-]: 0x9c2030000001085b
[Hardware Error]: Error Addr: 0x00000000071c4e80
[Hardware Error]: IPID: 0x0000009600150f00, Syndrome: 0x4f8d20400a800202
[Hardware Error]: Unified Memory Controller Ext. Error Code: 0
[Hardware Error]: cache level: L3/GEN, tx: GEN, mem-tx: RD

The address of a memory controller is normalised (relative to its channel): it stands in `mca` only.
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import mca
from triage.logs.decode.slot import with_fru
from triage.logs.kinds._fields import merge, number, present
from triage.model import Component, Event, HardwareError, Severity

ANCHORS = (b"[Hardware Error]: ",)
GAP = 10
REQUIRED = ("status", "levels")

SENTENCES: dict[str, Severity] = {
    "Corrected": "corrected",
    "Deferred": "deferred",
    "Uncorrected": "recoverable",
    "System": "fatal",
}


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; severity by the kernel's sentence, without it by the status bits."""
    registers = {name: number(fields.get(name), 16) for name in ("status", "addr", "ppin", "ipid", "synd")}
    registers["tsc"] = number(fields.get("tsc"))
    bank = mca.Bank(
        status=registers["status"] or 0,
        bank=number(fields.get("bank")),
        address=registers["addr"],
        ipid=registers["ipid"],
        vendor=mca.AMD,
        family=number(fields.get("family"), 16),
    )
    known = "status" in fields
    part = component(fields, bank)
    where = present(node=number(fields.get("node")))
    return [
        HardwareError(
            **base,
            component=part,
            severity=SENTENCES.get(fields.get("sentence", "").split(" ")[0].rstrip(",")) or mca.severity(bank),
            what=what(fields, bank),
            physical_address=mca.usable_address(bank) if known else None,
            mca=present(bank=bank.bank, **registers, **(mca.decode(bank) if known else {})),
            location=with_fru(where, fields.get("fru_text")) if part == "memory" else where,
            cpu=number(fields.get("cpu")),
            detail=present(
                sentence=fields.get("sentence"),
                unit=fields.get("unit"),
                extended_code=number(fields.get("xec")),
                fru_text=fields.get("fru_text"),
                levels=fields.get("levels"),
                decoder=fields.get("unknown"),
            ),
        )
    ]


def component(fields: dict[str, Any], bank: mca.Bank) -> Component:
    """By the name of the unit, which the kernel looked up; without one by the registers."""
    words = f"{fields.get('unit', '')} {fields.get('text', '')}".lower()
    if "memory controller" in words or "dram" in words or bank.memory_controller:
        return "memory"
    if "cache" in words:
        return "cache"
    if any(unit in words for unit in mca.LOGIC_UNITS.values()):
        return "processor"
    return mca.component(bank) if "status" in fields else "processor"


def what(fields: dict[str, Any], bank: mca.Bank) -> str:
    """The decoder's text where the kernel prints one (6.1 and older), else the unit and its code."""
    text = str(fields.get("text", "")).rstrip(". ")
    if text.startswith(("in ", "during ")):  # "MC2 Error in the victim data buffers."
        return f"{fields['unit']} error {text}"
    if text or bank.umc or bank.watchdog:
        return text or mca.text(bank)
    if fields.get("unit"):
        return f"{fields['unit']} error {fields.get('xec') or ''}".strip()
    return mca.text(bank) if "status" in fields else fields.get("sentence") or "machine check"
