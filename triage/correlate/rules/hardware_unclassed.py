"""The kernel stopped at a fatal hardware record that does not say which part failed."""

from __future__ import annotations

from triage.correlate.consumption import is_timeout, near
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._panics import is_hardware, said
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name
from triage.model import HardwareError

REMARK = "mce_note"  # lines such as "CPUs not responding to MCE broadcast": no record of an error


def recorded(errors: list[HardwareError]) -> list[HardwareError]:
    """The errors that are records, without the kernel's remarks."""
    return [error for error in errors if error.kind != REMARK]


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or scene.consumed is not None:
        return None
    if not is_hardware(crash):
        return None
    records = [
        e for _, e in scene.errors if not e.previous_boot and near(crash, e) and (e.mca or e.severity == "fatal")
    ]
    records = [e for e in recorded(records) if not is_timeout(e) and e.severity != "corrected"]
    if not records:
        return None
    return Finding(
        summary=(
            f"The kernel stopped at a fatal hardware error ({error_name(records[-1])}) that does not tell "
            "which part failed."
        ),
        evidence=(
            cite(f"The kernel stopped with: {said(crash)}.", crash),
            *(cite(f"Fatal record: {error_name(record)}.", record) for record in records[-3:]),
        ),
        would_raise=("The BMC's event log, or the records of all banks decoded.",),
    )


RULE = Ground(
    name="hardware_unclassed",
    cause="other-hardware",
    confidence="strong",
    says="died by a fatal hardware record whose class is not known",
    find=find,
)
