"""An external abort or SError with no memory error on record: on arm64 a device that is gone or unpowered gives the
same."""

from __future__ import annotations

from triage.correlate.consumption import is_serror
from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import consumption_evidence
from triage.correlate.words import cite, place_of


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    abort = crash is not None and (is_serror(crash) or (scene.consumed is not None and scene.consumed.kind == "abort"))
    if crash is None or not abort:
        return None
    name = "an SError" if is_serror(crash) else "a synchronous external abort"
    return Finding(
        summary=(
            f"{place_of(crash)} took {name} and no open memory error explains it: bad memory, or a device "
            "that is gone or unpowered."
        ),
        evidence=tuple(consumption_evidence(scene)) or (cite(f"The crash is {name}.", crash),),
        would_raise=(
            "The firmware's error records (GHES, BERT, the BMC's event log) of that minute.",
            "A vmcore: it tells whether the address was memory or a device's registers.",
        ),
    )


RULE = Ground(
    name="unknown_abort",
    cause="unknown",
    confidence="weak",
    says="an external abort or SError without an open page: memory, or a device gone or unpowered",
    find=find,
)
