"""A pointer that is wrong in one bit only: failing memory without ECC leaves that behind, and so does a stray bit
operation."""

from __future__ import annotations

from triage.correlate import bitflip
from triage.correlate.bitflip import Suspicion
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules._software import checker, ordinary
from triage.correlate.scene import Scene
from triage.correlate.sentences import crash_clause
from triage.correlate.words import begin, cite

ENOUGH = 0.6  # how rarely chance or an ordinary bug gives such a value
ROUND = 0xFFFFF  # an address of whole mebibytes was computed, not loaded


def suspicion(scene: Scene) -> Suspicion | None:
    """The surest suspicion of a flipped bit that is worth a word; none for faults that have a better explanation."""
    crash = ordinary(scene)
    if crash is None or checker(crash) is not None:
        return None
    found = (one for one in bitflip.suspicions(crash) if one.confidence >= ENOUGH and one.meant & ROUND)
    return next(found, None)


def find(scene: Scene) -> Finding | None:
    found = suspicion(scene)
    if found is None or scene.crash is None:
        return None
    text = f"{found.where} = {found.value:#x} is {found.meant:#x} with bit {found.bit} flipped ({found.reason})."
    return Finding(
        summary=(
            f"{begin(crash_clause(scene))}; its {found.where} is wrong in one bit only, as a flipped "
            "bit in memory leaves it."
        ),
        evidence=(cite(text, scene.crash, addresses=(found.value,)),),
        against=(cite("One flipped bit is also what a stray bit operation in software leaves.", scene.crash),),
        would_raise=("More crashes of this host with other titles and flipped bits, or a memory test.",),
    )


RULE = Ground(
    name="memory_bit_flip",
    cause="memory-error",
    confidence="weak",
    says="a pointer that is wrong in one bit only",
    find=find,
)
