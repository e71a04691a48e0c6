"""A fault that consumed poison would cause, after a memory error with an address, in a log that does not tell the page
size.

The page was left open whatever its number is. An access whose own address is known clears the error if it lies beyond
the largest page there is.
"""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules.memory_no_address import unplaced
from triage.correlate.scene import Scene
from triage.correlate.sentences import consumption_evidence, crash_clause
from triage.correlate.shift import LARGEST
from triage.correlate.words import cite, error_name
from triage.model import HardwareError


def reachable(scene: Scene, error: HardwareError) -> bool:
    """Whether the faulting access, where its physical address is known, can be in the error's page."""
    used = [a.physical for a in scene.addresses if a.exact and a.physical is not None]
    where = error.physical_address
    return where is not None and (not used or any(a >> LARGEST == where >> LARGEST for a in used))


def find(scene: Scene) -> Finding | None:
    if scene.consumed is None or scene.shift.bits is not None:
        return None
    errors = [error for error in unplaced(scene) if reachable(scene, error)]
    if not errors:
        return None
    return Finding(
        summary=f"An uncorrected memory error ({error_name(errors[-1])}) was reported and nothing says that it was "
        f"recovered; then {crash_clause(scene)}, which is what consuming such memory looks like. The log does not tell "
        "the page size, so that no address is put into a page.",
        evidence=(
            *(cite(f"Recorded error: {error_name(error)} ({error.severity}).", error) for error in errors[-4:]),
            *consumption_evidence(scene),
        ),
        would_raise=("The boot messages or a vmcore: they tell the page size, and so the page.",),
    )


RULE = Ground(
    name="memory_unsized",
    cause="memory-error",
    confidence="likely",
    says="a consumption fault after an uncorrected error with an address, where the log does not tell the page size",
    find=find,
)
