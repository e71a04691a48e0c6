"""An SError and an uncorrected memory record with an address within a second of each other.

SError Interrupt on CPU3, code 0x00000000be000011 -- SError
"""

from __future__ import annotations

from triage.correlate.consumption import is_serror
from triage.correlate.ladder import Finding, Ground
from triage.correlate.reports import SAME_EVENT, is_record, pfn_of, within
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name


def find(scene: Scene) -> Finding | None:
    crash = scene.crash
    if crash is None or not is_serror(crash):
        return None
    records = [e for _, e in scene.errors if is_record(e) and within(e, crash, SAME_EVENT)]
    if not records:
        return None
    pfns = tuple(dict.fromkeys(pfn for record in records if (pfn := pfn_of(record, scene.shift)) is not None))
    return Finding(
        summary=f"An SError stopped the machine together with an uncorrected memory error ({error_name(records[0])}).",
        evidence=(
            *(cite(f"Recorded error: {error_name(record)} ({record.severity}).", record) for record in records[:3]),
            cite("The crash is an SError: an asynchronous external abort, which names no instruction.", crash),
        ),
        pages=pfns,
        would_raise=("A vmcore, or the firmware's own error log, naming the access that failed.",),
    )


RULE = Ground(
    name="memory_serror",
    cause="memory-error",
    confidence="strong",
    says="an SError and a memory record with a physical address within a second",
    find=find,
)
