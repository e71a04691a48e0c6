"""A device reported an uncorrected PCIe or CXL error, or its recovery failed, some time before its own driver
crashed."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._device import errors_of_driver
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name


def find(scene: Scene) -> Finding | None:
    errors = errors_of_driver(scene, ("fatal", "recoverable", "deferred"))
    if scene.crash is None or not errors:
        return None
    error = errors[-1]
    return Finding(
        summary=(
            f"{error.device or 'A device'} reported an uncorrected error ({error.what}) before its driver "
            f"crashed: {scene.crash.title}."
        ),
        evidence=(
            *(cite(f"Device error: {error_name(e)} ({e.severity}).", e) for e in errors[-3:]),
            cite(f"The crash is in its driver: {scene.crash.title}.", scene.crash),
        ),
        would_raise=("A vmcore, to see whether the driver read all ones from the device.",),
    )


RULE = Ground(
    name="device_uncorrected",
    cause="other-hardware",
    confidence="likely",
    says="an uncorrected AER or CXL error or a failed recovery of a device, then a crash in its driver",
    find=find,
)
