"""A running machine went back to its firmware without a word of the kernel: nothing says why.

[  812.402113] eth0: link becomes ready
SeaBIOS (version 1.16.3-2)
[    0.000000] Linux version 6.12.9-2-generic (builder@lab) #1 SMP
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._software import is_restart
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or not is_restart(crash):
        return None
    return Finding(
        summary="The machine restarted without a word of the kernel: power, watchdog, firmware, hardware or software.",
        evidence=(cite("A new boot begins on the console of a running kernel, with no shutdown before it.", crash),),
        would_raise=("The BMC's event log of that minute, and the firmware's error records of the next boot (BERT).",),
    )


RULE = Ground(
    name="unknown_restart",
    cause="unknown",
    confidence="weak",
    says="a new boot on the console of a running kernel, with neither shutdown nor crash before it",
    find=find,
)
