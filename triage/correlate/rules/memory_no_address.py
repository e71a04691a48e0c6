"""An uncorrected memory error without an address stands before the crash: it may or may not be what the kernel hit."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import is_uncorrected
from triage.correlate.scene import Scene
from triage.correlate.sentences import crash_clause
from triage.correlate.words import cite, error_name
from triage.model import HardwareError


def unplaced(scene: Scene) -> list[HardwareError]:
    """Uncorrected memory errors of this boot, before the crash, that name no page of it."""
    known = {name for track in scene.tracks for name in track.page.errors}
    return [
        error
        for name, error in scene.errors
        if error.component == "memory"
        and is_uncorrected(error)
        and not error.previous_boot
        and name not in known
        and scene.earlier(error)
    ]


def find(scene: Scene) -> Finding | None:
    errors = unplaced(scene) if scene.crash else []
    if not errors:
        return None
    return Finding(
        summary=(
            f"An uncorrected memory error that cannot be tied to a page ({error_name(errors[0])}) was reported "
            f"before {crash_clause(scene)}."
        ),
        evidence=tuple(
            cite(f"Recorded error without a page: {error_name(error)} ({error.severity}).", error)
            for error in errors[:4]
        ),
        would_raise=("The decoded address of the error: EDAC line, BMC event log, or the page size of the kernel.",),
    )


RULE = Ground(
    name="memory_no_address",
    cause="memory-error",
    confidence="weak",
    says="an uncorrected memory error without a usable address before the crash",
    find=find,
)
