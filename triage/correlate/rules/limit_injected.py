"""Pages that software alone marked bad (hwpoison-inject, madvise, hard_offline_page): whoever injected is the cause,
not the memory.

Injecting memory failure at pfn 0x1507

EINJ and mce-inject make the hardware or its handler report for real: those count as records, marked injected.
"""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    tracks = scene.tracks_of(claim.finding.pages)
    if not tracks or not all(track.software_only for track in tracks):
        return None
    injection = next((f for f in scene.failures if f.action == "injection"), None)
    names = ", ".join(f"{track.page.pfn:#x}" for track in tracks[:6])
    return cite(f"Software injected the error in page {names}: no hardware reported anything there.", injection)


RULE = Limit(
    name="limit_injected",
    causes=("memory-error",),
    becomes="operator",
    says="all records of the page were injected by software",
    find=find,
)
