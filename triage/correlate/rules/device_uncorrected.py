"""A device reported an uncorrected PCIe or CXL error, or its recovery failed, minutes before its own driver
crashed."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._device import AFTERMATH, errors_of_driver, seconds_before
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name


def find(scene: Scene) -> Finding | None:
    if scene.crash is None:
        return None
    found = errors_of_driver(scene, ("fatal", "recoverable", "deferred"))
    errors = [e for e in found if (seconds_before(e, scene.crash) or 0.0) <= AFTERMATH]
    if not errors:
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
    says="an uncorrected AER or CXL error or a failed recovery of a device, within ten minutes a crash in its driver",
    find=find,
)
