"""No crash; an uncorrected error that names no page that is still in use, or a mark that only software set."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import is_uncorrected
from triage.correlate.rules.memory_no_address import unplaced
from triage.correlate.scene import Scene
from triage.correlate.sentences import record_evidence
from triage.correlate.words import cite, error_name


def find(scene: Scene) -> Finding | None:
    if scene.crash is not None:
        return None
    errors = unplaced(scene) or [
        e for _, e in scene.errors if is_uncorrected(e) and e.component != "memory" and not e.previous_boot
    ]
    marked = [track for track in scene.tracks if track.page.open and track.software_only]
    if not errors and not marked:
        return None
    if errors:
        page = "; which page, if any, is not known" if errors[0].component == "memory" else ""
        summary = f"An uncorrected error was reported ({error_name(errors[0])}); the log shows no crash after it{page}."
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


RULE = Ground(
    name="risk_unplaced",
    cause="no-crash",
    confidence="weak",
    says="no crash, an uncorrected error without a page, or a page that software alone marked",
    find=find,
)
