"""Somebody asked for the crash: SysRq, or an NMI sent on purpose.

Kernel panic - not syncing: sysrq triggered crash
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules._software import asked
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    who = asked(scene)
    if who is None or scene.crash is None:
        return None
    return Finding(
        summary=f"The machine did not fail: {who} stopped it.",
        evidence=(cite(f"The kernel says so: {said(scene.crash)}.", scene.crash),),
    )


RULE = Ground(
    name="operator_request",
    cause="operator",
    confidence="proven",
    says="the crash was asked for: SysRq, or an NMI sent on purpose",
    find=find,
)
