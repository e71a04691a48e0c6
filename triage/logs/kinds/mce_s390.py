"""A machine check that s390 does not survive (arch/s390/kernel/nmi.c, 5.4 to 7.3); the processor stops behind it:

Unrecoverable machine check, code: 00400F5F4C3B0000
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number, only
from triage.model import Component, Event, HardwareError

ANCHORS = (b"machine check, code: ",)
GAP = 0
REQUIRED = ()
STORAGE_BITS = 0b111 << 45  # storage error uncorrected, corrected, storage key error (interruption code bits 16-18)


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the machine check interruption code says whether storage failed."""
    code = number(fields["code"], 16) or 0
    part: Component = "memory" if code & STORAGE_BITS else "processor"
    mca = {"status": code}
    return [HardwareError(**base, component=part, severity="fatal", what=fields["error"], mca=mca)]
