"""An ordinary oops, BUG, lockup or panic in a log without any sign of failing hardware."""

from __future__ import annotations

from triage.correlate.crashes import is_mild
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._software import ordinary
from triage.correlate.scene import Scene
from triage.correlate.sentences import corrected_evidence
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = ordinary(scene)
    if crash is None:
        return None
    what = "a warning; the kernel went on" if is_mild(crash) else "an ordinary kernel crash"
    return Finding(
        summary=f"{crash.title}: {what}. No hardware error on record would explain it.",
        evidence=(cite(f"The crash: {crash.title}.", crash),),
        against=tuple(corrected_evidence(scene.own_errors())),
        would_raise=(
            "A complete log from boot to crash, or a vmcore that counts no poisoned page.",
            "The same title on other hosts.",
        ),
    )


RULE = Ground(
    name="software_crash",
    cause="software",
    confidence="likely",
    says="an oops, BUG, GPF, lockup or panic in a complete log (from a core: no poison, no hardware failure counted)",
    find=find,
)
