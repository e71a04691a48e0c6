"""The fault that consumed poison used an address in a page that an earlier, separate error had left open."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.pages import Track
from triage.correlate.scene import Scene
from triage.correlate.sentences import (
    consumption_evidence,
    crash_clause,
    error_clause,
    later,
    link_evidence,
    record_evidence,
)


def hit_exactly(scene: Scene) -> list[Track]:
    """Open pages in which the exact address of the consuming access lies, by a sure translation."""
    if scene.consumed is None:
        return []
    exact = {link.pfn for link in scene.links if link.exact and link.match != "time" and link.translation != "inferred"}
    return [track for track in scene.tracks if track.page.pfn in exact and track.page.open]


def finding(scene: Scene, tracks: list[Track], raises: tuple[str, ...] = ()) -> Finding:
    """The finding for pages hit by address."""
    first = tracks[0]
    return Finding(
        summary=f"{error_clause(first)}; {later(scene, first)} {crash_clause(scene)} on an address in that very page.",
        evidence=tuple(e for t in tracks for e in (*link_evidence(scene, t), *record_evidence(t)))
        + tuple(consumption_evidence(scene)),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=raises,
    )


def find(scene: Scene) -> Finding | None:
    tracks = [track for track in hit_exactly(scene) if scene.crash and track.open_before(scene.crash)]
    return finding(scene, tracks) if tracks else None


RULE = Ground(
    name="memory_address",
    cause="memory-error",
    confidence="proven",
    says="a consumption fault whose exact address lies in an open page, recorded by a separate, earlier physical event",
    find=find,
)
