"""The core shows that the bad pointer the kernel followed had been loaded from an open page."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import LOADED, crash_clause, error_clause, later, link_evidence, record_evidence


def find(scene: Scene) -> Finding | None:
    if scene.crash is None or scene.consumed is not None:
        return None
    loaded = {link.pfn for link in scene.links if link.translation == "core" and LOADED in (link.via or "")}
    tracks = [track for track in scene.open_tracks() if track.page.pfn in loaded]
    if not tracks:
        return None
    first = tracks[0]
    return Finding(
        summary=(
            f"{error_clause(first)}; {later(scene, first)} {crash_clause(scene)}, following a pointer that "
            "was loaded from that page."
        ),
        evidence=tuple(e for t in tracks for e in (*link_evidence(scene, t), *record_evidence(t))),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=(
            "A machine check or abort on the load itself: without one, the kernel may have written the value.",
        ),
    )


RULE = Ground(
    name="memory_pointer",
    cause="memory-error",
    confidence="likely",
    says="from a core: a bad pointer that was loaded from an open page",
    find=find,
)
