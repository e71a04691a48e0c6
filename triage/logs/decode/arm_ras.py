"""Error records of the Arm RAS architecture: ERR<n>STATUS and ERR<n>ADDR (Arm ARM, RAS System Architecture)."""

from __future__ import annotations

from triage.model import Severity

ADDRESS_VALID, UNCORRECTED, DEFERRED = 1 << 31, 1 << 29, 1 << 23
UNRECOVERABLE = 0b01  # UET, bits 21:20: 0 uncontainable, 1 unrecoverable, 2 restartable, 3 recoverable
INCORRECT, VIRTUAL = 1 << 61, 1 << 60  # of ERR<n>ADDR: AI and VA
ADDRESS_BITS = (1 << 56) - 1


def severity(status: int) -> Severity:
    """How bad ERR<n>STATUS says it is; the worst of the errors that it holds counts."""
    if status & UNCORRECTED:
        return "fatal" if status >> 20 & 3 <= UNRECOVERABLE else "recoverable"
    return "deferred" if status & DEFERRED else "corrected"


def physical_address(status: int, address: int | None) -> int | None:
    """The address in ERR<n>ADDR, if the record vouches for it as a physical one."""
    if address is None or not status & ADDRESS_VALID or address & (INCORRECT | VIRTUAL):
        return None
    return address & ADDRESS_BITS
