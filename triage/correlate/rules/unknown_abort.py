"""An external abort or SError with no memory error on record: on arm64 a device that is gone or unpowered gives the
same."""

from __future__ import annotations

import re

from triage.correlate.consumption import is_serror
from triage.correlate.ladder import Finding, Ground
from triage.correlate.scene import Scene
from triage.correlate.sentences import consumption_evidence
from triage.correlate.words import begin, cite, end_of, page_name, place_of

ACCESSOR = re.compile(
    r"mmio|read[bwlq]$|write[bwlq]$|ioread|iowrite|config_(?:read|write)|(?:rd|wr)_(?:own_)?conf|_reg_read|_reg_write"
)


def abort_name(scene: Scene) -> str | None:
    """What the crash is, if it is an external abort or SError."""
    if scene.crash is None:
        return None
    if is_serror(scene.crash):
        return "an asynchronous external abort" if scene.crash.arch == "arm" else "an SError"
    if scene.consumed is None or scene.consumed.kind != "abort":
        return None
    return "a bus error" if scene.crash.arch == "mips" else "a synchronous external abort"


def find(scene: Scene) -> Finding | None:
    crash, name = scene.crash, abort_name(scene)
    if crash is None or name is None:
        return None
    if ACCESSOR.search(crash.function or ""):
        guess = "the function reads a device's registers, so the device is probably gone or unpowered"
    else:
        guess = "bad memory, or a device that is gone or unpowered"
    closed = [t for t in scene.tracks if not t.page.open and any(link.exact for link in scene.linked(t))]
    where = f" on an address in {page_name(closed[0].page)}, {end_of(closed[0].page)}," if closed else ""
    return Finding(
        summary=f"{begin(place_of(crash))} took {name}{where} and no open memory error explains it: {guess}.",
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
