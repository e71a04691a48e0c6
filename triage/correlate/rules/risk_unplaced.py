"""No crash; an uncorrected error that names no page that is still in use, or a mark that only software set."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import is_outcome, is_uncorrected, worst_first
from triage.correlate.rules.memory_no_address import unplaced
from triage.correlate.scene import Scene
from triage.correlate.sentences import record_evidence
from triage.correlate.words import cite, error_name
from triage.model import HardwareError


def find(scene: Scene) -> Finding | None:
    if scene.crash is not None:
        return None
    errors = worst_first(
        unplaced(scene)
        or [e for _, e in scene.errors if is_uncorrected(e) and e.component != "memory" and not e.previous_boot]
    )
    marked = [track for track in scene.tracks if track.page.open and track.software_only]
    if not errors and not marked:
        return None
    if errors:
        summary = reported(errors[0])
    else:
        pfn = marked[0].page.pfn
        summary = f"Software injection marked page {pfn:#x}, which the kernel left in use; its data is intact."
    return Finding(
        summary=summary,
        evidence=(
            *(cite(f"Recorded error: {error_name(error)} ({error.severity}).", error) for error in errors[:4]),
            *(e for track in marked[:4] for e in record_evidence(track)),
        ),
    )


def reported(error: HardwareError) -> str:
    """What the worst error is. A system does not survive a fatal machine check: it was left over, or the log ends."""
    name = error_name(error)
    if is_outcome(error):
        return f"The recovery from a PCI error ended badly ({name}); the error itself is not in this log."
    if error.severity == "fatal" and error.mca:
        return (
            f"A fatal machine check is on record ({name}) and no crash after it: the log ends there, or the record is "
            "of the boot before."
        )
    page = "; which page, if any, is not known" if error.component == "memory" else ""
    return f"An uncorrected error was reported ({name}); the log shows no crash after it{page}."


RULE = Ground(
    name="risk_unplaced",
    cause="no-crash",
    confidence="weak",
    says="no crash, an uncorrected error without a page, or a page that software alone marked",
    find=find,
)
