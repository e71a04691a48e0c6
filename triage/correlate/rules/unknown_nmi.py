"""A non-maskable interrupt stopped the kernel: sent on purpose, by a watchdog, or by failing hardware.

Kernel panic - not syncing: An NMI occurred. Depending on your system the reason for the NMI is logged in any one of ...
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules._software import is_nmi
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or not is_nmi(crash):
        return None
    return Finding(
        summary=(
            "A non-maskable interrupt stopped the machine: somebody sent it, a watchdog ran out, or hardware failed. "
            "The log does not tell which."
        ),
        evidence=(cite(f"The kernel stopped with: {said(crash)}.", crash),),
        would_raise=("The BMC's event log: it tells why the interrupt was raised.",),
    )


RULE = Ground(
    name="unknown_nmi",
    cause="unknown",
    confidence="weak",
    says="an NMI stopped the kernel: sent on purpose, a watchdog's, or of failing hardware",
    find=find,
)
