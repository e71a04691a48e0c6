"""Which module and which cells a memory error names, and which records tell of one error."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from triage.correlate.consumption import is_memory
from triage.correlate.copies import copies
from triage.correlate.reports import is_uncorrected
from triage.model import HardwareError, MemoryFailure

PLACE = ("socket", "node", "controller", "memory_controller", "card", "channel", "module", "slot")  # outermost first
FIELDS = {  # column of the store -> names that reporters give it, the most telling first
    "node": ("node", "socket"),
    "channel": ("channel", "card"),
    "rank": ("rank", "chip_select"),
    "device": ("device", "chip_id"),
    "row": ("row", "csrow"),
    "column": ("column",),
    "bit": ("bit_position",),
}
UNHANDLED = (
    "verdict",
    "unhandlable",
    "unknown-state",
    "already-poisoned",
    "panic",
)  # what memory_failure() says of real errors


def is_raw(event: object, injected: Iterable[int] = ()) -> bool:
    """Whether an event is a record of an uncorrected memory error of this boot: a reporter's words, never a verdict of
    ours.

    injected: frames that software poisoned on purpose; `Memory failure:` lines of those tell of no error.
    """
    if isinstance(event, HardwareError):
        return is_memory(event) and is_uncorrected(event) and not event.previous_boot
    return isinstance(event, MemoryFailure) and event.action in UNHANDLED and event.pfn not in set(injected)


def module(location: dict[str, Any]) -> str | None:
    """The memory module as precisely as a record names it: `DIMM_A1`, else `node 0 card 1 module 0`; None if it does
    not."""
    name = location.get("dimm") or location.get("label") or location.get("fru")
    if name:
        return str(name)
    if location.get("handle"):
        return f"DMI handle {location['handle']}"
    place = [f"{key} {location[key]}" for key in PLACE if location.get(key) is not None]
    return " ".join(place) if len(place) > 1 else None


def cells(error: HardwareError) -> dict[str, str | None]:
    """The coordinates on the module, by the store's columns; words, since some reporters count and some name."""
    found = {
        column: next((str(error.location[n]) for n in names if error.location.get(n) is not None), None)
        for column, names in FIELDS.items()
    }
    bank = [str(error.location[n]) for n in ("bank_group", "bank") if error.location.get(n) is not None]
    found["bank"] = "/".join(bank) or None
    if found["bit"] is None and error.detail.get("syndrome"):
        found["bit"] = f"syndrome {error.detail['syndrome']}"
    return found


def told_once(errors: Sequence[HardwareError]) -> list[tuple[HardwareError, bool]]:
    """The errors in their order, each with whether it is another reporter's copy of one before.

    The first of the copies gets the module's name and the coordinates that only a later one knows.
    """
    out = list(errors)
    originals = copies(errors)
    for error, original in zip(errors, originals, strict=True):
        if original is not None:
            out[original] = replace(out[original], location=error.location | out[original].location)
    return [(error, original is not None) for error, original in zip(out, originals, strict=True)]
