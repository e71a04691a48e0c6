"""The kernel itself says that it stopped because of uncorrectable memory.

Kernel panic - not syncing: Memory failure: 0x1507: unrecoverable page
Kernel panic - not syncing: UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (...)
"""

from __future__ import annotations

import re

from triage.correlate.consumption import is_controller_code, mcacod, near
from triage.correlate.ladder import Finding, Ground
from triage.correlate.pages import pfn_of
from triage.correlate.scene import Scene
from triage.correlate.sentences import record_evidence
from triage.correlate.words import cite, error_name
from triage.model import Crash, HardwareError

PAGE_PANIC = re.compile(
    r"Memory failure: (?P<pfn>0x[0-9a-f]+): unrecoverable page|Memory failure on page (?P<page>[0-9a-f]+)"
)
EDAC_PANIC = re.compile(r"^UE .{0,200} on ")
GHES_PANIC = re.compile(r"Fatal hardware error")


def panics(crash: Crash) -> list[str]:
    """The texts with which the kernel announced its end."""
    return [text for text in (crash.panic, *crash.header, crash.title) if text]


def declared_page(crash: Crash) -> int | None:
    """The page frame that a `Memory failure` panic names."""
    found = next((m for text in panics(crash) if (m := PAGE_PANIC.search(text))), None)
    return int(found["pfn"] or found["page"], 16) if found else None


def declared_error(scene: Scene, crash: Crash) -> HardwareError | None:
    """The fatal memory record that the kernel panicked on: EDAC UE, GHES, or a memory controller's machine check."""
    near_by = [e for _, e in scene.errors if e.component == "memory" and not e.previous_boot and near(crash, e)]
    if any(EDAC_PANIC.search(text) for text in (crash.panic or "",)):
        return next((e for e in reversed(near_by) if e.severity != "corrected"), None)
    if any(GHES_PANIC.search(text) for text in panics(crash)):
        return next((e for e in reversed(near_by) if e.severity == "fatal"), None)
    error = scene.consumed.error if scene.consumed else None
    usable = error is not None and error.physical_address is not None and is_controller_code(mcacod(error))
    return error if usable else None


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None:
        return None
    pfn = declared_page(crash)
    error = None if pfn is not None else declared_error(scene, crash)
    edac = crash.panic is not None and EDAC_PANIC.search(crash.panic) is not None
    if pfn is None and error is None and not edac:
        return None
    if pfn is None and error is not None:
        pfn = pfn_of(error, scene.shift)
    track = next((t for t in scene.tracks if t.page.pfn == pfn), None)
    what = f"page {pfn:#x} is beyond recovery" if pfn is not None else "memory returned an uncorrectable error"
    record = f" ({error_name(error)})" if error else ""
    return Finding(
        summary=f"The kernel stopped itself because {what}{record}: a deliberate panic at the memory error, not a bug.",
        evidence=(
            cite(f"The kernel's own declaration: {crash.panic or crash.title}.", crash),
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
