"""Registers that tell how a crash happened, field by field: ESR_EL1 of arm64, MCi_STATUS and MCG_STATUS of x86.

The decoding is that of the log side (`triage.logs.decode`); this only puts it into rows.
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import esr as arm64

Decoded = tuple[str, str, str]  # field, value, meaning
FLAGS = {
    "OVER": "an earlier error was overwritten",
    "UC": "uncorrected",
    "MISCV": "MISC valid",
    "ADDRV": "address valid",
    "PCC": "processor context corrupt",
    "S": "signalled by a machine check",
    "AR": "action required",
    "CECC": "corrected by ECC",
    "UECC": "uncorrected ECC error",
    "DEFERRED": "deferred",
    "POISON": "poison consumed",
    "TCC": "task context corrupt",
    "PADDRV": "the address is a physical one",
    "RIPV": "the program can be restarted",
    "EIPV": "the instruction pointer is of the instruction that erred",
    "LMCES": "signalled to this processor alone",
}
DECODED = frozenset({"flags", "mcg_flags", "mcacod", "text", "class"})  # of a machine check: shown as rows of their own
CAVEAT = {
    0x10: "; memory and devices look the same",
    **dict.fromkeys(range(0x04, 0x08), ": an ordinary bad pointer"),
}


def esr(value: int) -> list[Decoded]:
    """ESR_EL1 0x96000410: class, fault status, read or write, whether FAR is valid."""
    told = arm64.decode(value)
    rows = [("EC", f"{told.ec:#x}", told.ec_name)]
    if told.dfsc is None:
        return rows
    level = f", level {told.level}" if told.level is not None else ""
    status = f"{told.dfsc_name}{level}{CAVEAT.get(told.dfsc, '')}"
    rows.append(("IFSC" if told.write is None else "DFSC", f"{told.dfsc:#x}", status))
    if told.write is not None:
        rows.append(("WnR", str(int(told.write)), "write" if told.write else "read"))
    if told.dfsc == arm64.EXTERNAL:
        words = "FAR holds the address" if told.far_valid else "FAR does not hold the address"
        rows += [
            ("FnV", str(int(not told.far_valid)), words),
            ("SET", str(value >> 11 & 3), told.severity or "reserved"),
        ]
    return rows


def machine_check(mca: dict[str, Any]) -> list[Decoded]:
    """The flags set in MCG_STATUS and MCi_STATUS, the error code and its class, as the log side decoded them."""
    flags = [*mca.get("mcg_flags", ()), *mca.get("flags", ())]
    rows = [(name, "1", FLAGS[name]) for name in flags if name in FLAGS]
    if (code := mca.get("mcacod")) is not None:
        rows.append(("MCACOD", f"{code:#06x}", str(mca.get("text") or "")))
    return [*rows, ("class", "", str(mca["class"]))] if mca.get("class") else rows
