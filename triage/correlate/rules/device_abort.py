"""An external abort or SError right beside an uncorrected PCIe or CXL error: the access went to a device that was gone.

e1000e 0002:01:00.0: AER: PCIe Bus Error: severity=Uncorrected (Fatal), type=Inaccessible, (Unregistered Agent ID)
SError Interrupt on CPU0, code 0x00000000bf000002 -- SError
"""

from __future__ import annotations

from triage.correlate.consumption import near
from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import is_uncorrected
from triage.correlate.rules._device import DEVICE_PARTS
from triage.correlate.rules.unknown_abort import abort_name
from triage.correlate.scene import Scene
from triage.correlate.sentences import consumption_evidence
from triage.correlate.words import begin, cite, error_name, place_of


def find(scene: Scene) -> Finding | None:
    name = abort_name(scene)
    if scene.crash is None or name is None:
        return None
    beside = [
        error
        for _, error in scene.errors
        if error.component in DEVICE_PARTS and is_uncorrected(error) and not error.previous_boot
        if near(scene.crash, error)
    ]
    if not beside:
        return None
    where = begin(place_of(scene.crash))
    return Finding(
        summary=f"{where} took {name} right beside an uncorrected device error ({error_name(beside[0])}).",
        evidence=(
            *(cite(f"Device error: {error_name(error)} ({error.severity}).", error) for error in beside[:3]),
            *(consumption_evidence(scene) or [cite(f"The crash is {name}.", scene.crash)]),
        ),
        would_raise=("A vmcore: it tells whether the address was the device's.",),
    )


RULE = Ground(
    name="device_abort",
    cause="other-hardware",
    confidence="likely",
    says="an external abort or SError within ten seconds of an uncorrected PCIe or CXL error",
    find=find,
)
