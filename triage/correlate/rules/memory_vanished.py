"""A page was left open, then the machine crashed: a capture kernel follows, but the crash's own lines are missing."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import error_clause, record_evidence


def find(scene: Scene) -> Finding | None:
    if scene.crash is not None or scene.boot.followed_by != "capture-kernel":
        return None
    tracks = [track for track in scene.open_tracks() if not track.software_only]
    if not tracks:
        return None
    return Finding(
        summary=f"{error_clause(tracks[0])}. Then the machine crashed: a capture kernel follows in the log, "
        "but the crash's own lines are missing.",
        evidence=tuple(e for track in tracks[:4] for e in record_evidence(track)),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=("The vmcore that the capture kernel wrote: its log has the crash.",),
    )


RULE = Ground(
    name="memory_vanished",
    cause="memory-error",
    confidence="weak",
    says="an open page, then a capture kernel in the same log without the crash's own lines",
    find=find,
)
