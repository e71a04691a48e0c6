"""A machine check of a memory class killed the kernel, but its record holds no usable address."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import consumption_evidence
from triage.correlate.words import place_of


def find(scene: Scene) -> Finding | None:
    consumed = scene.consumed
    if scene.crash is None or consumed is None or consumed.error is None or consumed.error.physical_address is not None:
        return None
    return Finding(
        summary=(
            f"The kernel died in {place_of(scene.crash)} of a machine check of a memory class, which gives "
            "no address that can be used."
        ),
        evidence=tuple(consumption_evidence(scene)),
        would_raise=("The BMC's event log or the decoded EDAC line, naming the memory module.",),
    )


RULE = Ground(
    name="memory_machine_check",
    cause="memory-error",
    confidence="likely",
    says="a machine check panic of a memory class whose record has no usable address",
    find=find,
)
