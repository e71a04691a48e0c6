"""Reads from a crash whether it is what consuming poisoned memory looks like (arm64 ESR, x86 machine
check, ppc).

Such a fault is necessary for blaming memory by address and never sufficient: a dead device register gives the same
abort.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from triage.logs.decode import esr, mca
from triage.model import Crash, HardwareError

MCACOD_LOAD, MCACOD_FETCH, MCACOD_WRITEBACK = 0x0134, 0x0150, 0x017A
INTERNAL_TIMER = 0x0400
NEAR = 10.0  # seconds between a machine check's record and the panic it causes

MACHINE_CHECK_WORDS = ("machine check", "kernel mode recovery", "broadcast exception handler", "mca synchronization")

CONSUMED = re.compile(r"data load|instruction fetch", re.IGNORECASE)

SYNCHRONOUS = re.compile(r"\bsynchronous external abort")
ASYNCHRONOUS = re.compile(r"SError|\b(?:asynchronous|imprecise) external abort")

BUS_ERRORS = (6, 7)  # ExcCode of mips: instruction, data

OVER, PCC = 1 << 62, 1 << 57


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """A fault that consumed poison would cause; `error` is the machine check that tells of it, `says` one sentence."""

    kind: Literal["abort", "machine-check"]
    says: str
    ecc: bool = False  # the fault itself says parity or ECC
    error: HardwareError | None = None


def of_abort(crash: Crash) -> Consumption | None:
    """arm64: a synchronous external abort taken in the kernel; mips: a bus error.

    Internal error: synchronous external abort: 0000000096000410 [#1] SMP
    """
    if crash.arch == "mips" and crash.registers.get("cause", 0) >> 2 & 0x1F in BUS_ERRORS:
        return Consumption(kind="abort", says="Cause tells of a bus error; a dead device register reads the same.")
    if crash.esr is None:
        if not any(SYNCHRONOUS.search(line) for line in (crash.title, *crash.header)):
            return None
        return Consumption(kind="abort", says="The crash is a synchronous external abort (no ESR in the log).")
    if not esr.is_consumption(crash.esr):
        return None
    return Consumption(kind="abort", says=abort_sentence(crash.esr), ecc=esr.is_ecc(crash.esr & 0x3F))


def abort_sentence(value: int) -> str:
    """What an abort's ESR says, in one sentence."""
    dfsc, syndrome = value & 0x3F, esr.decode(value)
    access = {None: "instruction fetch", True: "data write", False: "data read"}[syndrome.write]
    name = "synchronous parity or ECC error" if esr.is_ecc(dfsc) else "synchronous external abort"
    walk = " during a page table walk" if syndrome.table_walk else ""
    far = f", FnV={value >> 10 & 1}" if dfsc == esr.EXTERNAL else ""
    tail = "" if esr.is_ecc(dfsc) else "; a dead device register reads the same"
    told = f"{name} on a kernel {access}{walk} (DFSC {dfsc:#x}{far})"
    return f"ESR {value:#x}: {told}, what consuming poison looks like{tail}."


def is_serror(crash: Crash) -> bool:
    """An asynchronous external abort, which names no instruction: arm64 calls it SError, older ARM imprecise."""
    by_esr = crash.esr is not None and crash.esr >> 26 & 0x3F == esr.SERROR
    return by_esr or any(ASYNCHRONOUS.search(line) for line in (crash.title, *crash.header))


# ---------------------------------------------------------------- x86


def status(error: HardwareError) -> int | None:
    """MCi_STATUS of a machine check record."""
    value: Any = error.mca.get("status")
    return value if isinstance(value, int) else None


def mcacod(error: HardwareError) -> int | None:
    """The architectural error code, without the filter bit 12."""
    value = status(error)
    return None if value is None else value & 0xEFFF


def is_timeout(error: HardwareError) -> bool:
    """Whether a processor gave up waiting: Intel's internal timer, or the watchdog of AMD's execution unit."""
    if error.mca.get("ipid") is None:
        return mcacod(error) == INTERNAL_TIMER
    return mca.Bank(status=status(error) or 0, ipid=error.mca["ipid"]).watchdog


def is_poison(error: HardwareError) -> bool:
    """Whether an AMD bank says that poisoned data was consumed, whichever unit reports it."""
    return "POISON" in error.mca.get("flags", ())


def is_memory(error: HardwareError) -> bool:
    """Whether an error tells of bad memory content: by the reporter's class, or as poison on its way to a core.

    mce: [Hardware Error]: Machine check: Data load in unrecoverable area of kernel
    """
    loaded = error.component == "unknown" and CONSUMED.search(str(error.detail.get("verdict", "")))
    return error.component == "memory" or is_poison(error) or bool(loaded)


def is_controller(error: HardwareError) -> bool:
    """Whether the memory controller itself reported (008x, 009x), or its scrubber (00Cx): not the consumer's side."""
    consumer = (MCACOD_LOAD, MCACOD_FETCH, MCACOD_WRITEBACK)
    bank = error.component == "memory" and mcacod(error) is not None
    return bank and not is_poison(error) and mcacod(error) not in consumer


def machine_check(crash: Crash, errors: Sequence[HardwareError]) -> HardwareError | None:
    """The uncorrected record that a machine check panic is about: the last fatal one near it, of the memory if there
    is one (the units that the poison passed through report beside it), else the last one."""
    if not is_machine_check(crash):
        return None
    checks = [e for e in errors if is_check(e) and e.severity != "corrected" and near(crash, e)]
    fatal = [e for e in checks if e.severity == "fatal"]
    return next((e for e in reversed(fatal) if is_memory(e)), last(fatal) or last(checks))


def last(errors: Sequence[HardwareError]) -> HardwareError | None:
    return errors[-1] if errors else None


def is_check(error: HardwareError) -> bool:
    """Whether an error is a machine check's own record: an x86 bank, or what ppc64 prints."""
    return "status" in error.mca or error.kind in ("mce", "mce_ppc")


def is_machine_check(crash: Crash) -> bool:
    """Whether the kernel died of a machine check (x86 and ppc64 word it alike)."""
    text = " ".join((crash.title, crash.panic or "", *crash.header)).lower()
    if "multiple matching entries in the tlb" in text:
        return False  # MIPS calls that a machine check: the kernel's own tables are at fault
    return any(words in text for words in MACHINE_CHECK_WORDS)


def near(crash: Crash, error: HardwareError) -> bool:
    """Whether the record stands so near the crash that it tells of it; without times the log's order must do."""
    if crash.time is None or error.time is None:
        return crash.source == error.source and abs(crash.first_line - error.first_line) < 200
    return abs(crash.time - error.time) <= NEAR


def of_machine_check(crash: Crash, errors: Sequence[HardwareError]) -> Consumption | None:
    """x86: a machine check with UC set, of a class that tells of consumed data; ppc64: a machine check of type UE."""
    error = machine_check(crash, errors)
    if error is None:
        return None
    if not is_memory(error):
        return None
    code = mcacod(error)
    what = {MCACOD_LOAD: "a data load", MCACOD_FETCH: "an instruction fetch"}.get(code or 0)
    if is_poison(error):
        says = f"The kernel died of a machine check on poisoned data ({error.what})."
    elif what:
        says = f"The kernel died of a machine check on {what} (MCACOD {code:#06x}): poison was consumed."
    else:
        says = f"The kernel died of a machine check of the memory: {error.what}."
    return Consumption(kind="machine-check", says=says, ecc=True, error=error)


def of(crash: Crash, errors: Sequence[HardwareError]) -> Consumption | None:
    """The consumption fault that this crash is, if it is one."""
    return of_machine_check(crash, errors) or of_abort(crash)
