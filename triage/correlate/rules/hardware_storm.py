"""Many device or thermal events before a crash: the platform was unwell, no more is known."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import crash_clause
from triage.correlate.words import cite, error_name

MANY = 10


def find(scene: Scene) -> Finding | None:
    errors = [
        e
        for e in scene.own_errors()
        if e.component in ("pcie", "cxl", "platform") and not e.previous_boot and scene.earlier(e)
    ]
    serious = [error for error in errors if error.severity != "corrected"]
    if scene.crash is None or len(serious) < MANY:
        return None
    return Finding(
        summary=(
            f"{len(serious)} uncorrected device or platform errors were reported before "
            f"{crash_clause(scene)}; nothing ties them together."
        ),
        evidence=(cite(f"{len(serious)} errors, the last: {error_name(serious[-1])}.", serious[-1]),),
    )


RULE = Ground(
    name="hardware_storm",
    cause="other-hardware",
    confidence="weak",
    says="a storm of uncorrected AER or thermal events before the crash",
    find=find,
)
