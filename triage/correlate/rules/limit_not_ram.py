"""The address is not memory that the kernel manages: a device, firmware, or a hole."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    outside = [t for t in scene.tracks_of(claim.finding.pages) if t.page.type == "no-struct-page"]
    if not outside:
        return None
    return cite(f"Page {outside[0].page.pfn:#x} is not System RAM that the kernel manages.", *outside[0].reports[-1:])


RULE = Limit(
    name="limit_not_ram",
    causes=("memory-error",),
    cap="likely",
    says="the target lies outside System RAM",
    find=find,
)
