"""Somebody asked for the crash by SysRq.

Kernel panic - not syncing: sysrq triggered crash
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules._software import is_asked
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    if scene.crash is None or not is_asked(scene.crash):
        return None
    return Finding(
        summary="The machine did not fail: a crash asked for by SysRq stopped it.",
        evidence=(cite(f"The kernel says so: {said(scene.crash)}.", scene.crash),),
    )


RULE = Ground(
    name="operator_request",
    cause="operator",
    confidence="proven",
    says="the crash was asked for by SysRq",
    find=find,
)
