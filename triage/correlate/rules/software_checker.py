"""A checker built into the kernel names the bug.

BUG: KASAN: slab-use-after-free in bar+0x1c/0x40
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._software import checker, ordinary
from triage.correlate.scene import Scene
from triage.correlate.sentences import corrected_evidence
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = ordinary(scene)
    named = checker(crash) if crash else None
    if crash is None or named is None:
        return None
    return Finding(
        summary=f"The kernel's own checker names a software bug: {named}.",
        evidence=(
            cite(f"{named}: found by a checker, which looks at what the code does, not at the hardware.", crash),
        ),
        against=tuple(corrected_evidence(scene.own_errors())),
        would_raise=("The same report on other hosts.",),
    )


RULE = Ground(
    name="software_checker",
    cause="software",
    confidence="strong",
    says="a checker names the bug (KASAN with stacks, lockdep, KCSAN, UBSAN, refcount) in a complete log",
    find=find,
)
