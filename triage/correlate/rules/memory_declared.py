"""The kernel itself says that it stopped because of uncorrectable memory.

Kernel panic - not syncing: Memory failure: 0x1507: unrecoverable page
Kernel panic - not syncing: UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (...)
"""

from __future__ import annotations

from triage.correlate.consumption import is_controller, is_machine_check, near
from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import pfn_of
from triage.correlate.rules._panics import declared_page, is_edac, is_hardware, said
from triage.correlate.scene import Scene
from triage.correlate.sentences import record_evidence
from triage.correlate.words import cite, error_name
from triage.model import Crash, HardwareError


def declared_error(scene: Scene, crash: Crash) -> HardwareError | None:
    """The fatal memory record that the kernel panicked on: EDAC UE, GHES, or a memory controller's machine check."""
    near_by = [e for _, e in scene.errors if e.component == "memory" and not e.previous_boot and near(crash, e)]
    if is_edac(crash):
        return next((e for e in reversed(near_by) if e.severity != "corrected"), None)
    if is_hardware(crash) and not is_machine_check(crash):
        return next((e for e in reversed(near_by) if e.severity == "fatal"), None)
    error = scene.consumed.error if scene.consumed else None
    usable = error is not None and error.physical_address is not None and is_controller(error)
    return error if usable else None


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None:
        return None
    pfn = declared_page(crash)
    error = None if pfn is not None else declared_error(scene, crash)
    if pfn is None and error is None and not is_edac(crash):
        return None
    if pfn is None and error is not None:
        pfn = pfn_of(error, scene.shift)
    track = next((t for t in scene.tracks if t.page.pfn == pfn), None)
    what = f"page {pfn:#x} is beyond recovery" if pfn is not None else "memory returned an uncorrectable error"
    record = f" ({error_name(error)})" if error else ""
    return Finding(
        summary=f"The kernel stopped itself because {what}{record}: a deliberate panic at the memory error, not a bug.",
        evidence=(
            cite(f"The kernel's own declaration: {said(crash)}.", crash),
            *([cite(f"Fatal memory record: {error_name(error)}.", error)] if error else []),
            *(record_evidence(track) if track else []),
        ),
        pages=(pfn,) if track and pfn is not None else (),
    )


RULE = Ground(
    name="memory_declared",
    cause="memory-error",
    confidence="proven",
    says="the kernel declared it: an unrecoverable page panic, an EDAC UE panic, a fatal GHES memory section, "
    "or a machine check panic whose record is of memory controller class with a usable address",
    find=find,
)
