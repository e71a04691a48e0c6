"""The kernel gave up for want of memory or of a root file system: what used it up or took it away is not in the crash.

Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules._software import is_shortage
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or not is_shortage(crash):
        return None
    return Finding(
        summary=f"The kernel gave up ({said(crash)}): a shortage or a setting, neither a bug nor hardware.",
        evidence=(cite(f"The kernel stopped with: {said(crash)}.", crash),),
        would_raise=("The lines before the panic: who held the memory, or which device was missing.",),
    )


RULE = Ground(
    name="unknown_shortage",
    cause="unknown",
    confidence="weak",
    says="out of memory under panic_on_oom, no root file system, no init: a shortage or a setting",
    find=find,
)
