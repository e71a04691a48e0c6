"""The page size is not known, so an address cannot be put into a page."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    unknown = any(t.page.page_shift is None for t in scene.tracks if t.page.pfn in claim.finding.pages)
    return Evidence(text=f"The kernel's page size is not known: {scene.shift.how}.") if unknown else None


RULE = Limit(
    name="limit_page_shift",
    causes=("memory-error",),
    cap="likely",
    says="the page size is not known",
    find=find,
)
