"""The kernel says that it stopped at a hardware error, but no record of the error is in the log.

Kernel panic - not syncing: Fatal machine check from unknown source
"""

from __future__ import annotations

from triage.correlate.consumption import machine_check
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import is_edac, is_hardware, said
from triage.correlate.rules.hardware_unclassed import recorded
from triage.correlate.scene import Scene
from triage.correlate.words import cite


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or scene.consumed is not None:
        return None
    errors = [error for _, error in scene.errors if not error.previous_boot]
    if not is_hardware(crash) or is_edac(crash) or machine_check(crash, recorded(errors)):
        return None
    return Finding(
        summary=(f"The kernel stopped at a hardware error ({said(crash)}); the error's record is not in this log."),
        evidence=(cite(f"The kernel stopped with: {said(crash)}.", crash),),
        would_raise=("The lines before the panic, the core's log, or the BMC's event log: they hold the record.",),
    )


RULE = Ground(
    name="hardware_panic",
    cause="other-hardware",
    confidence="likely",
    says="the panic itself tells of a hardware error, without any record of it",
    find=find,
)
