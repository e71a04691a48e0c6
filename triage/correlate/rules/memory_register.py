"""A register at the crash, or a list at a register, leads into an open page, but the fault did not use it."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import LIST, crash_clause, error_clause, later, link_evidence, record_evidence


def find(scene: Scene) -> Finding | None:
    if scene.crash is None or scene.consumed is not None:
        return None
    tracks = [track for track in scene.open_tracks() if scene.linked(track)]
    if not tracks:
        return None
    first = tracks[0]
    led = all((link.via or "").startswith(LIST) for link in scene.linked(first))
    how = "while it walked a list that leads into" if led else "with a register that points into"
    return Finding(
        summary=f"{error_clause(first)}; {later(scene, first)} {crash_clause(scene)}, {how} that page.",
        evidence=tuple(e for t in tracks[:4] for e in (*link_evidence(scene, t), *record_evidence(t))),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=("A vmcore: it tells whether the bad value was loaded from that page.",),
    )


RULE = Ground(
    name="memory_register",
    cause="memory-error",
    confidence="weak",
    says="a register, or a list at it, leads into an open page but was not the address of an access that consumed "
    "poison",
    find=find,
)
