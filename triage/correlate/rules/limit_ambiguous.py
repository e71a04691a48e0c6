"""Several pages fit the crash equally well: none is blamed."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    pages = claim.finding.pages
    if len(pages) < 2:
        return None
    names = ", ".join(f"{pfn:#x}" for pfn in pages[:6])
    return Evidence(text=f"{len(pages)} pages fit equally well ({names}): none is blamed.")


RULE = Limit(
    name="limit_ambiguous",
    causes=("memory-error", "operator"),
    down=True,
    says="two pages or more fit equally well: none is blamed",
    find=find,
)
