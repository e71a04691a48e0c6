"""A machine check bank in raw numbers (__print_mce in arch/x86/kernel/cpu/mce/core.c, 5.4 to 7.3), or its trace event:

mce: [Hardware Error]: CPU 12: Machine Check Exception: 5 Bank 7: bd80000000100134
mce: [Hardware Error]: RIP 10:<ffffffff9a3c1e20> {copy_mc_fragile+0x20/0x90}
mce: [Hardware Error]: TSC 5f2ab1c04d2 ADDR 31c7a05240 MISC 86 PPIN 5a1c9e2b7d3f4810
mce: [Hardware Error]: PROCESSOR 0:606a6 TIME 1767323045 SOCKET 1 APIC 4a microcode d0003a5
mce: [Hardware Error]: Run the above through 'mcelog --ascii'
mce: [Hardware Error]: Machine check: Data load in unrecoverable area of kernel

`TIME` is Unix seconds; the last line stands only before a panic, and the TDX code may add one of the same form.
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import mca
from triage.logs.kinds._fields import merge, number, present
from triage.model import Event, HardwareError, Severity

ANCHORS = (b"[Hardware Error]: ", b"mce_record: ")
GAP = 10
REQUIRED = ("status", "tsc", "time")
LEFTOVER = 30.0  # seconds of uptime in which the kernel reads what the banks still hold of the boot before

OPTIONAL = ("addr", "misc", "synd", "ipid", "ppin", "ip")
REGISTERS = (
    "status",
    "mcgstatus",
    "addr",
    "misc",
    "ppin",
    "synd",
    "synd1",
    "synd2",
    "ipid",
    "tsc",
    "ip",
    "cpuid",
    "microcode",
    "apic",
)


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        """The fields, and what the kernel adds to its verdict."""
        if tokens[0].type == "TRACE":
            return traced(tokens[0].fields)
        verdicts = [token.fields["verdict"] for token in tokens if token.type == "VERDICT"]
        return merge(tokens) | {"addition": verdicts[1] if len(verdicts) > 1 else None}


def traced(fields: dict[str, str | None]) -> dict[str, Any]:
    """The fields of a trace event, which prints the registers that a bank does not have as zeros."""
    told = {name: text for name, text in fields.items() if text and (name not in OPTIONAL or text.strip("0"))}
    return told | ({"exception": True} if int(told["mcgstatus"], 16) & mca.MCIP else {})


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One bank; `physical_address` only if MCi_ADDR is one by the kernel's own rule."""
    registers = {name: number(fields.get(name), 16) for name in REGISTERS}
    bank = mca.Bank(
        status=registers["status"] or 0,
        bank=number(fields.get("bank")),
        address=registers["addr"],
        misc=registers["misc"],
        ipid=registers["ipid"],
        vendor=number(fields.get("vendor")),
        family=mca.family(registers["cpuid"]),
    )
    known = "status" in fields
    return [
        HardwareError(
            **base | {"wall_time": number(fields.get("time")) or base["wall_time"]},
            component=mca.component(bank) if known else "unknown",
            severity=severity(fields, bank),
            what=fields.get("verdict") or (mca.text(bank) if known else "machine check"),
            physical_address=mca.usable_address(bank) if known else None,
            granularity=mca.granularity(bank) if known else None,
            mca=present(bank=bank.bank, **registers, **(mca.decode(bank, registers["mcgstatus"]) if known else {})),
            location=present(socket=number(fields.get("socket"))),
            cpu=number(fields.get("cpu")),
            previous_boot=leftover(base["time"], fields),
            detail=present(
                verdict=fields.get("verdict"),
                addition=fields.get("addition"),
                symbol=fields.get("symbol"),
                ip_exact="inexact" not in fields,
            ),
        )
    ]


def severity(fields: dict[str, Any], bank: mca.Bank) -> Severity:
    """By the registers, but what the kernel gave as its reason to panic is fatal; an exception is nothing corrected."""
    if fields.get("verdict"):
        return "fatal"
    return "recoverable" if "exception" in fields and "status" not in fields else mca.severity(bank)


def leftover(time: float | None, fields: dict[str, Any]) -> bool:
    """Whether the bank was found at boot: polled in the first seconds, not raised as an exception."""
    return time is not None and time < LEFTOVER and "exception" not in fields
