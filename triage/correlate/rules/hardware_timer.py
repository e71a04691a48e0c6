"""A machine check of Intel's internal timer or AMD's watchdog: the processor could not retire an instruction for too
long, often because a device never answered.

mce: [Hardware Error]: CPU 4: Machine Check Exception: 5 Bank 4: be00000000800400
"""

from __future__ import annotations

from triage.correlate import consumption
from triage.correlate.consumption import is_timeout, mcacod
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import said
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    error = consumption.machine_check(crash, [e for _, e in scene.errors if not e.previous_boot]) if crash else None
    if crash is None or error is None or not is_timeout(error):
        return None
    name = error.mca.get("text", "internal timer error")
    return Finding(
        summary=(
            f"The processor gave up waiting ({name}): something on the bus, or the processor itself, never answered."
        ),
        evidence=(
            cite(f"MCACOD {mcacod(error):#06x}, {name}.", error),
            cite(f"The kernel stopped with: {said(crash)}.", crash),
        ),
        against=(cite("Firmware, or a driver's access to a device that is switched off, can cause the same.", error),),
        would_raise=("The records of the other banks and sockets, and the PCIe errors of the BMC's event log.",),
    )


RULE = Ground(
    name="hardware_timer",
    cause="other-hardware",
    confidence="likely",
    says="a machine check of the processor's internal timer or watchdog",
    find=find,
)
