"""No crash; a page is open, but either the hardware's record or the kernel's verdict is missing."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules.risk_open_page import at_risk, finding
from triage.correlate.scene import Scene


def find(scene: Scene) -> Finding | None:
    tracks = at_risk(scene)
    raises = ("The full log around the error: record and verdict of memory_failure() together.",)
    return finding(scene, tracks, raises) if tracks else None


RULE = Ground(
    name="risk_unjudged",
    cause="no-crash",
    confidence="likely",
    says="no crash, a page left open, with the hardware's record or the kernel's verdict missing",
    find=find,
)
