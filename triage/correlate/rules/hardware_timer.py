"""An internal timer machine check: the processor could not retire an instruction for too long, often because a
device never answered.

mce: [Hardware Error]: CPU 4: Machine Check Exception: 5 Bank 4: be00000000800400
"""

from __future__ import annotations

from triage.correlate import consumption
from triage.correlate.consumption import mcacod
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.rules.hardware_fatal import INTERNAL_TIMER
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    error = consumption.machine_check(crash, [e for _, e in scene.errors if not e.previous_boot]) if crash else None
    if crash is None or error is None or mcacod(error) != INTERNAL_TIMER:
        return None
    return Finding(
        summary=(
            "The processor's internal timer expired (machine check 0x0400): something on the bus, or the "
            "processor itself, never answered."
        ),
        evidence=(
            cite("MCACOD 0x0400, internal timer error.", error),
            cite(f"The kernel stopped with: {said(crash)}.", crash),
        ),
        against=(cite("Firmware, or a driver's access to a device that is switched off, can cause the same.", error),),
        would_raise=("The records of the other banks and sockets, and the PCIe errors of the BMC's event log.",),
    )


RULE = Ground(
    name="hardware_timer",
    cause="other-hardware",
    confidence="likely",
    says="an internal-timer machine check",
    find=find,
)
