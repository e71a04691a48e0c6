"""A page fault whose address is one of a page that the kernel had taken out of its map because it was bad (x86
set_mce_nospec).

A page fault is no consumption: on x86 poison raises a machine check.
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import crash_clause, error_clause, later, link_evidence, record_evidence


def find(scene: Scene) -> Finding | None:
    if scene.crash is None or scene.consumed is not None:
        return None
    exact = {link.pfn for link in scene.links if link.exact and link.match != "time"}
    tracks = [track for track in scene.open_tracks() if track.page.pfn in exact]
    if not tracks:
        return None
    first = tracks[0]
    return Finding(
        summary=f"{error_clause(first)}; {later(scene, first)} {crash_clause(scene)}, on an address in that page.",
        evidence=tuple(e for t in tracks for e in (*link_evidence(scene, t), *record_evidence(t))),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=("A machine check record of the same access.",),
    )


RULE = Ground(
    name="memory_unmapped",
    cause="memory-error",
    confidence="likely",
    says="an ordinary fault whose exact address lies in an open page",
    find=find,
)
