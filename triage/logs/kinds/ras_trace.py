"""A trace event that the APEI or extlog driver makes of firmware's error record (include/ras/ras_event.h, 5.4 to 7.3):

arm_event: cpu: 5; error: 2; affinity level: 0; MPIDR: 0000000081000500; MIDR: 00000000413fd0c1; running state: 1; ...
extlog_mem_event: {3} corrected error: single-bit ECC physical addr: 00000031c7a05240 (mask lsb: 6) node:1 FRU: ...
non_standard_event: severity: 2; sec type:5c1f3b7e-9a20-4d61-8f14-2b77c0d9e5a3; FRU: ... CPU1; data len:24; raw data:...

`error` and `severity` count in the APEI driver's way: 0 no, 1 corrected, 2 recoverable, 3 fatal.
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import cper
from triage.logs.decode.slot import with_fru
from triage.logs.kinds._fields import number, only, present
from triage.model import Event, HardwareError, Severity

ANCHORS = (b" arm_event: ", b"extlog_mem_event: ", b"non_standard_event: ")
GAP = 0
REQUIRED = ()

LEVELS: tuple[Severity, ...] = ("corrected", "corrected", "recoverable", "fatal")
NOWHERE = 0xFFFFFFFFFFFFFFFF  # of a record without a valid address
NO_LSB = 0xFF


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """The errors of one record."""
    if fields.get("extlog"):
        return [memory(fields, base)]
    return arm(fields, base) if fields.get("arm") else [other(fields, base)]


def level(fields: dict[str, Any]) -> Severity:
    """As the kernel graded it; older events do not say, and nothing bad is claimed then."""
    value = number(fields.get("level")) or 0
    return LEVELS[value] if value < len(LEVELS) else "corrected"


def arm(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error per structure of the processor section: the types, and the physical address where firmware has one."""
    raw = bytes.fromhex(fields.get("information") or "")
    cpu = number(fields.get("cpu"))
    names = ("mpidr", "midr", "running_state", "psci_state", "affinity")
    return [
        HardwareError(
            **base,
            component=cper.component("ARM processor error", each.name),
            severity=level(fields),
            what=each.name or "ARM processor error",
            physical_address=each.physical_address,
            count=each.count,
            location={"mpidr": hex(int(fields["mpidr"], 16))},
            cpu=cpu if cpu is not None and cpu >= 0 else None,
            detail=present(**{name: fields[name] for name in names}, virtual_address=each.virtual_address),
        )
        for each in cper.arm_errors(raw) or [cper.ArmError()]
    ]


def memory(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """A memory section, in the words of the CPER record; `mask lsb` is the lowest valid bit of the address."""
    address, lsb = int(fields["physical_address"], 16), int(fields["lsb"], 16)
    return HardwareError(
        **base,
        component="memory",
        severity=cper.severity(fields["severity"]) or "corrected",
        what=fields["error_name"] if fields["error_name"] != "unknown" else "memory error",
        physical_address=address if address != NOWHERE else None,
        granularity=1 << lsb if lsb != NO_LSB and address != NOWHERE else None,
        location=with_fru(cper.location(fields["location"]), fields["fru_text"]),
        detail=present(fru_id=fields["fru_id"], fru_text=fields["fru_text"].strip() or None),
    )


def other(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """A section that only its maker can read.

    The extlog driver counts its severities in another way, so the number stands in `detail` and nothing bad is claimed.
    """
    return HardwareError(
        **base,
        component="unknown",
        severity="corrected",
        what=f"unknown section {fields['guid']}",
        detail=present(
            severity=number(fields["level"]),
            fru_id=fields["fru_id"],
            fru_text=fields["fru_text"].strip() or None,
            raw=fields.get("raw"),
        ),
    )
