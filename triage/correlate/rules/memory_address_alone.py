"""The consuming fault's exact address lies in an open page, but no separate event recorded the page before.

A machine check on a data load (MCACOD 0134) alone may also be the cache's fault.
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules.memory_address import hit_exactly
from triage.correlate.scene import Scene
from triage.correlate.sentences import consumption_evidence, crash_clause, link_evidence, record_evidence
from triage.correlate.words import begin, page_name

RAISES = (
    "A separate, earlier record of the same page (GHES, EDAC or machine check) in the full log or in the BMC's "
    "event log.",
)


def find(scene: Scene) -> Finding | None:
    tracks = hit_exactly(scene)
    if not tracks:
        return None
    names = " and ".join(page_name(track.page) for track in tracks)
    return Finding(
        summary=f"{begin(crash_clause(scene))} on an address in {names}, whose memory is reported bad; "
        "no separate earlier event recorded it, so the memory and the path to it are both suspect.",
        evidence=tuple(e for t in tracks for e in (*link_evidence(scene, t), *record_evidence(t)))
        + tuple(consumption_evidence(scene)),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=RAISES,
    )


RULE = Ground(
    name="memory_address_alone",
    cause="memory-error",
    confidence="strong",
    says="a consumption fault whose exact address lies in an open page without a separate earlier record",
    find=find,
)
