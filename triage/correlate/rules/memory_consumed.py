"""A fault that consumed poison would cause, while a page with a known error was still in use; no address speaks for
or against.

This is the origin incident from its log alone: the abort's address is not valid and no register could be translated.
"""

from __future__ import annotations

from triage.correlate.address import in_linear_map
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
from triage.correlate.shift import SHIFTS
from triage.correlate.words import page_name

RAISES = (
    "A vmcore: it translates the address of the faulting access and tells the page's type.",
    "The registers, the Code: line and PHYS_OFFSET of the same crash from the full console log.",
)
RANK = {"Ignored": 0, "Failed": 1}


def known_elsewhere(scene: Scene) -> bool:
    """Whether the faulting access is known by a sure address to lie in no reported page, whatever the page size."""
    exact = [address for address in scene.addresses if address.exact and address.physical is not None]
    linked = {link.via for link in scene.links if link.exact}
    if not exact or any(address.via in linked for address in exact):
        return False
    frames = {track.page.pfn for track in scene.open_tracks()} if scene.shift.bits is None else set()
    return not any((address.physical or 0) >> bits in frames for address in exact for bits in SHIFTS)


def suspects(scene: Scene) -> list[Track]:
    """The open pages that fit best: those a register points into, then Ignored before Failed before not judged."""
    tracks = [track for track in scene.open_tracks() if track.counted]
    addressed = [track for track in tracks if scene.linked(track)]
    pool = addressed or tracks
    best = min((RANK.get(track.page.log_result or "", 2) for track in pool), default=0)
    return [track for track in pool if RANK.get(track.page.log_result or "", 2) == best]


def tie(scene: Scene, track: Track) -> str:
    """What the addresses of the log say of the two."""
    if scene.linked(track):
        return "a register leads into that page, which is not enough to tie the two together"
    outside = next(
        (a for a in scene.addresses if a.exact and scene.crash and not in_linear_map(a.value, scene.crash)), None
    )
    if outside is not None:
        return f"the access was to {outside.value:#x}, outside the linear map: vmalloc memory or a device's registers"
    return "no address in the log ties the two together"


def find(scene: Scene) -> Finding | None:
    if scene.consumed is None or known_elsewhere(scene):
        return None
    tracks = suspects(scene)
    if not tracks:
        return None
    first = tracks[0]
    if len(tracks) > 1:
        names = ", ".join(page_name(track.page) for track in tracks[:4])
        summary = (
            f"{len(tracks)} pages with memory errors were still in use ({names}); {crash_clause(scene)}, "
            "and nothing tells which it hit."
        )
    else:
        summary = (
            f"{error_clause(first)}; {later(scene, first)} {crash_clause(scene)}, which is what consuming such "
            "memory looks like; "
            f"{tie(scene, first)}."
        )
    return Finding(
        summary=summary,
        evidence=tuple(e for t in tracks[:4] for e in (*record_evidence(t), *link_evidence(scene, t)))
        + tuple(consumption_evidence(scene)),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=RAISES,
    )


RULE = Ground(
    name="memory_consumed",
    cause="memory-error",
    confidence="likely",
    says="a consumption fault after a page was left open, with no address either way",
    find=find,
)
