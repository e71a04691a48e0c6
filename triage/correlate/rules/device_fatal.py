"""A device reported a fatal PCIe or CXL error seconds before its own driver crashed.

pcieport 0000:3a:00.0: DPC: containment event, status:0x1f01 source:0x0000: unmasked uncorrectable error detected
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._device import SECONDS, errors_of_driver, seconds_before
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name, seconds


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None:
        return None
    near = [
        (error, span)
        for error in errors_of_driver(scene, ("fatal",))
        if (span := seconds_before(error, crash)) is not None and span <= SECONDS
    ]
    if not near:
        return None
    error, span = near[-1]
    return Finding(
        summary=(
            f"{error.device or 'A device'} reported a fatal error ({error.what}); {seconds(span)} later its "
            f"driver crashed: {crash.title}."
        ),
        evidence=(
            cite(f"Fatal device error: {error_name(error)}.", error),
            cite(f"The crash is in its driver: {crash.title}.", crash),
        ),
    )


RULE = Ground(
    name="device_fatal",
    cause="other-hardware",
    confidence="strong",
    says="a fatal AER, DPC or CXL error of a device seconds before its driver crashed",
    find=find,
)
