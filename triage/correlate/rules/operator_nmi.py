"""A non-maskable interrupt without a reason stopped the kernel, as one does that somebody sends: by a button, the BMC
or the hypervisor. Hardware may raise the same.

Kernel panic - not syncing: NMI: Not continuing
 unknown_nmi_error+0x1f/0x35
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules._software import is_unknown_nmi
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or not is_unknown_nmi(crash) or scene.uncorrected():
        return None
    return Finding(
        summary="A non-maskable interrupt without a known reason stopped the machine, as one does that somebody sends.",
        evidence=(cite(f"The kernel stopped with: {said(crash)}.", crash),),
        against=(cite("Failing hardware may raise such an interrupt as well.", crash),),
        would_raise=("The BMC's event log, or the hypervisor's: it tells who sent the interrupt.",),
    )


RULE = Ground(
    name="operator_nmi",
    cause="operator",
    confidence="likely",
    says="an NMI of unknown reason stopped the kernel, and nothing tells of failing hardware",
    find=find,
)
