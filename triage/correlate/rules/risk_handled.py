"""No crash, and every reported page was taken out of use: Recovered, Delayed, unpoisoned, or errors of an earlier
boot only."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import is_uncorrected
from triage.correlate.scene import Scene
from triage.correlate.sentences import record_evidence
from triage.correlate.words import cite, error_name


def find(scene: Scene) -> Finding | None:
    if scene.crash is not None or not (scene.tracks or scene.errors):
        return None
    closed = [track for track in scene.tracks if not track.page.open and not track.earlier_boot]
    earlier = [error for _, error in scene.errors if error.previous_boot and is_uncorrected(error)]
    if closed:
        summary = (
            f"The kernel handled the memory error(s) in {len(closed)} page(s); nothing corrupt is left in "
            "use, as far as the log tells."
        )
    elif earlier:
        summary = f"Only an error of an earlier boot is on record ({error_name(earlier[0])}); this boot shows none."
    else:
        return None
    return Finding(
        summary=summary,
        evidence=(
            *(e for track in closed[:4] for e in record_evidence(track)),
            *(cite(f"Record of an earlier boot: {error_name(error)}.", error) for error in earlier[:2]),
        ),
    )


RULE = Ground(
    name="risk_handled",
    cause="no-crash",
    confidence="none",
    says="no crash, and only handled pages (Recovered, Delayed, unpoisoned) or errors of an earlier boot",
    find=find,
)
