"""The machine died by a fatal hardware record that is not of memory: machine check with PCC, fatal GHES section,
SERR, DPC.

mce: [Hardware Error]: CPU 4: Machine Check Exception: 5 Bank 0: be00000000800400
Kernel panic - not syncing: Fatal local machine check
"""

from __future__ import annotations

from triage.correlate import consumption
from triage.correlate.consumption import PCC, is_machine_check, is_memory, is_serror, is_timeout, near, status
from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import SAME_EVENT, within
from triage.correlate.rules._panics import is_edac_device, is_hardware, is_serr, said
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name, place_of
from triage.model import Crash, HardwareError

PARTS = {"cache": "cache", "processor": "processor", "bus": "bus", "pcie": "PCIe", "cxl": "CXL"}
ON_CHIP = ("cache", "processor", "bus")


def fatal_check(scene: Scene, crash: Crash) -> HardwareError | None:
    """The record of a machine check panic, if it is of cache, TLB, bus or processor with its context corrupt."""
    error = consumption.machine_check(crash, [e for _, e in scene.errors if not e.previous_boot])
    if error is None or scene.consumed is not None:
        return None
    classed = error.component in PARTS and not is_timeout(error) and not is_memory(error)
    return error if classed and (status(error) or 0) & PCC else None


def fatal_section(scene: Scene, crash: Crash) -> HardwareError | None:
    """The fatal non-memory section of a GHES panic, or the processor record beside an SError."""
    errors = [e for _, e in scene.errors if e.component in PARTS and not e.previous_boot and near(crash, e)]
    if is_hardware(crash) and not is_machine_check(crash):
        worst = ("fatal", "recoverable") if is_edac_device(crash) else ("fatal",)
        return next((e for e in reversed(errors) if e.severity in worst), None)
    if is_serror(crash):
        beside = [e for e in errors if e.severity != "corrected" and within(e, crash, SAME_EVENT)]
        return next((e for e in beside if e.component in ON_CHIP), None)
    return None


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None:
        return None
    error = fatal_check(scene, crash) or fatal_section(scene, crash)
    if error is None and not is_serr(crash):
        return None
    what = f"a fatal {PARTS[error.component]} error ({error_name(error)})" if error else "a PCI system error (SERR)"
    where = f" while in {place_of(crash)}" if crash.function else ""
    return Finding(
        summary=f"The machine died of {what}{where}: hardware, and not its memory.",
        evidence=(
            cite(f"The kernel stopped with: {said(crash)}.", crash),
            *([cite(f"Fatal record: {error_name(error)}.", error)] if error else []),
        ),
    )


RULE = Ground(
    name="hardware_fatal",
    cause="other-hardware",
    confidence="proven",
    says="died by a fatal non-memory record of this boot: a machine check with UC and PCC of cache, TLB or bus; "
    "a fatal GHES section of processor, PCIe or CXL; SERR; an SError with a matching processor record",
    find=find,
)
