"""A page with a memory error was still in use when the kernel crashed in an ordinary way: nothing but the order ties
them."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import crash_clause, error_clause, later, record_evidence
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    if scene.crash is None or scene.consumed is not None:
        return None
    tracks = [track for track in scene.open_tracks() if track.counted and not track.software_only]
    if not tracks or any(scene.linked(track) for track in tracks):
        return None
    first = tracks[0]
    return Finding(
        summary=f"{error_clause(first)}; {later(scene, first)} {crash_clause(scene)}. Only the order ties the two: "
        "an ordinary fault is not what consuming bad memory looks like.",
        evidence=tuple(e for t in tracks[:4] for e in record_evidence(t)),
        against=(
            cite(f"The crash is an ordinary fault ({scene.crash.title}), not one that bad memory raises.", scene.crash),
        ),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=("A vmcore: it tells whether what the kernel used came from that page.",),
    )


RULE = Ground(
    name="memory_order",
    cause="memory-error",
    confidence="weak",
    says="an open page and an ordinary fault afterwards: order only",
    find=find,
)
