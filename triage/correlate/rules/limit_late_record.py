"""The record was printed after the crash header; only one of the same page within ten seconds still counts (firmware
that polls)."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    late = [t for t in scene.tracks_of(claim.finding.pages) if t.late and not t.polled]
    return cite("The error was reported only after the crash.", *late[0].reports[:1]) if late else None


RULE = Limit(
    name="limit_late_record",
    causes=("memory-error",),
    cap="likely",
    says="the record was printed after the crash header (unless of the same page within ten seconds)",
    find=find,
)
