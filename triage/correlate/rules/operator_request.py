"""Somebody asked for the crash by SysRq.

Kernel panic - not syncing: sysrq triggered crash
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules._software import asked
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Crash


def find(scene: Scene) -> Finding | None:
    word = asked(scene)
    if word is None:
        return None
    text = said(word) if isinstance(word, Crash) else word.text
    return Finding(
        summary="The machine did not fail: a crash asked for by SysRq stopped it.",
        evidence=(cite(f"The kernel says so: {text}.", word),),
    )


RULE = Ground(
    name="operator_request",
    cause="operator",
    confidence="proven",
    says="the crash was asked for by SysRq",
    find=find,
)
