"""An uncorrected memory error of an earlier boot (BERT, ERST, leftover machine checks): the module is suspect, this
crash is not explained."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import is_uncorrected
from triage.correlate.scene import Scene
from triage.correlate.sentences import crash_clause
from triage.correlate.words import cite, error_name, module


def tie(scene: Scene) -> str:
    """Whether the crash's own address lies in the page of the earlier boot's error."""
    exact = any(link.exact for track in scene.tracks if track.earlier_boot for link in scene.linked(track))
    return "on an address in the same page" if exact else "and nothing ties the two together"


def find(scene: Scene) -> Finding | None:
    errors = [e for _, e in scene.errors if e.previous_boot and e.component == "memory" and is_uncorrected(e)]
    if scene.crash is None or not errors:
        return None
    part = module(errors[0].location)
    return Finding(
        summary=(
            f"An uncorrected memory error of an earlier boot is on record ({error_name(errors[0])}"
            f"{f', {part}' if part else ''}); in this boot {crash_clause(scene)}, {tie(scene)}."
        ),
        evidence=tuple(
            cite(f"Record of an earlier boot: {error_name(error)} ({error.severity}).", error) for error in errors[:4]
        ),
        against=(
            cite("That error struck before this boot began: its page numbers and times do not apply here.", errors[0]),
        ),
        would_raise=("The log of the boot before, to see whether that one died of the error.",),
    )


RULE = Ground(
    name="memory_earlier_boot",
    cause="memory-error",
    confidence="weak",
    says="an uncorrected memory error of an earlier boot on the same host",
    find=find,
)
