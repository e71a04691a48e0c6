"""arm64's exception syndrome ESR_EL1 (Arm ARM D24; arch/arm64/include/asm/esr.h and mm/fault.c, 5.4 to 7.3)."""

from __future__ import annotations

from dataclasses import dataclass

CLASSES = {
    0x00: "unknown reason", 0x07: "SVE or FP access", 0x0D: "branch target exception", 0x0E: "illegal execution state",
    0x15: "SVC", 0x16: "HVC", 0x18: "system register access", 0x19: "SVE access",
    0x1C: "pointer authentication failure",
    0x20: "instruction abort from user space", 0x21: "instruction abort in the kernel", 0x22: "PC alignment fault",
    0x24: "data abort from user space", 0x25: "data abort in the kernel", 0x26: "SP alignment fault", 0x2F: "SError",
    0x30: "breakpoint from user space", 0x31: "breakpoint in the kernel", 0x32: "software step from user space",
    0x33: "software step in the kernel", 0x34: "watchpoint from user space",
    0x35: "watchpoint in the kernel", 0x3C: "BRK",
}  # fmt: skip
IABT_LOWER, IABT, DABT_LOWER, DABT, SERROR = 0x20, 0x21, 0x24, 0x25, 0x2F

FAULTS = {0x00: "address size fault", 0x04: "translation fault", 0x08: "access flag fault", 0x0C: "permission fault"}
STATUSES = {
    0x10: "synchronous external abort", 0x11: "synchronous tag check fault", 0x18: "synchronous parity or ECC error",
    0x21: "alignment fault", 0x30: "TLB conflict abort", 0x34: "unsupported exclusive or atomic access",
}  # fmt: skip
EXTERNAL, ECC = 0x10, 0x18
WALK_EXTERNAL, WALK_ECC = range(0x13, 0x18), range(0x1B, 0x20)  # on a page table walk, levels -1 to 3
SYNCHRONOUS_SETS = {0b00: "recoverable", 0b10: "uncontainable", 0b11: "restartable"}
SERROR_SETS = {0: "uncontainable", 1: "unrecoverable", 2: "restartable", 3: "recoverable", 6: "corrected"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Syndrome:
    """ESR_EL1 in parts; None where the class of exception has no such field.

    0x96000410 is EC 0x25, DFSC 0x10, FnV set, a read: kernel data that memory did not deliver, address not told.
    """

    ec: int
    ec_name: str
    dfsc: int | None = None
    dfsc_name: str | None = None
    level: int | None = None  # of the page table, -1 to 3
    write: bool | None = None
    far_valid: bool | None = None  # FAR_EL1 holds the address
    severity: str | None = None  # SET of an external abort, AET of an SError
    external_type: bool | None = None  # EA, the implementation's own classification
    table_walk: bool = False  # the access that failed was the walker's, to a page table
    cache_maintenance: bool = False


def decode(esr: int) -> Syndrome:
    """The fields of an ESR_EL1 value."""
    ec = esr >> 26 & 0x3F
    name = CLASSES.get(ec, f"exception class {ec:#x}")
    if ec == SERROR:
        return Syndrome(ec=ec, ec_name=name, severity=serror_severity(esr))
    if ec not in (IABT_LOWER, IABT, DABT_LOWER, DABT):
        return Syndrome(ec=ec, ec_name=name)
    dfsc, data = esr & 0x3F, ec in (DABT_LOWER, DABT)
    return Syndrome(
        ec=ec,
        ec_name=name,
        dfsc=dfsc,
        dfsc_name=status_name(dfsc),
        level=level(dfsc),
        write=bool(esr >> 6 & 1) if data else None,
        far_valid=not (dfsc == EXTERNAL and esr >> 10 & 1),
        severity=SYNCHRONOUS_SETS.get(esr >> 11 & 3) if dfsc == EXTERNAL else None,
        external_type=bool(esr >> 9 & 1) if is_external(dfsc) else None,
        table_walk=dfsc in WALK_EXTERNAL or dfsc in WALK_ECC,
        cache_maintenance=data and bool(esr >> 8 & 1),
    )


def serror_severity(esr: int) -> str | None:
    """The AET field of an SError, where the syndrome is architected (IDS clear, DFSC 0x11)."""
    return SERROR_SETS.get(esr >> 10 & 7) if not esr >> 24 & 1 and esr & 0x3F == 0x11 else None


def is_external(dfsc: int) -> bool:
    """Whether the memory system itself refused: an external abort or a parity or ECC error, on a table walk or not."""
    return dfsc in (EXTERNAL, ECC) or dfsc in WALK_EXTERNAL or dfsc in WALK_ECC


def is_ecc(dfsc: int) -> bool:
    """Whether the fault itself says parity or ECC; a plain external abort may come from a dead device register."""
    return dfsc == ECC or dfsc in WALK_ECC


def is_consumption(esr: int) -> bool:
    """Whether this is what consuming poison looks like: an external abort or ECC error taken in the kernel."""
    return esr >> 26 & 0x3F in (IABT, DABT) and is_external(esr & 0x3F)


def level(dfsc: int) -> int | None:
    """The page table level of a fault that has one."""
    if dfsc in WALK_EXTERNAL or dfsc in WALK_ECC:
        return dfsc - (0x14 if dfsc in WALK_EXTERNAL else 0x1C)
    return dfsc & 3 if dfsc < EXTERNAL else None


def status_name(dfsc: int) -> str:
    """A fault status code in words: 0x06 is "translation fault", 0x16 "synchronous external abort on a table walk"."""
    if dfsc in WALK_EXTERNAL or dfsc in WALK_ECC:
        return f"{STATUSES[EXTERNAL if dfsc in WALK_EXTERNAL else ECC]} on a table walk"
    return FAULTS[dfsc & 0x3C] if dfsc < EXTERNAL else STATUSES.get(dfsc, f"fault status {dfsc:#x}")
