"""What a board's makers call the slots of its memory modules."""

from __future__ import annotations

import re
from typing import Any

DIGIT = re.compile(r"\d")
# `P1_DIMM_A1`, `Processor 1 DIMM 3`, `DIMMA1(CPU1)`, `DIMM_P0_A0`, `DDR4_P0_A1`, `P1-B2`
SLOT = re.compile(
    r"\b(?:(?:CPU|PROC(?:ESSOR)?|NODE|SOCKET|RISER|CHANNEL|CHAN|CH|MC|P)[ _#-]{0,2}[A-Z0-9]{0,3}[ _/-]{1,2}){0,3}"
    r"(?:DIMM(?:[ _#-]{0,2}[A-Z]{0,3}\d{1,3}|[ _#-][A-Z])(?:_[A-Z]?\d{1,2}){0,2})\b(?:\(CPU\d\))?"
    r"|\bDDR\d_[A-Z0-9_]{2,12}|\bP\d{1,2}-?[A-Z]\d\b",
    re.I,
)


def slot_of(text: str) -> str | None:
    """The slot named in a sensor or event: `Uncorrectable ECC (DIMM_B1)` gives DIMM_B1."""
    match = SLOT.search(text)
    return match[0] if match else None


def with_fru(location: dict[str, Any], text: str | None) -> dict[str, Any]:
    """The location of a memory error with what the firmware calls the part (FRU text), if nothing names the module.

    A slot's name is the `dimm` (`DIMM_B1`), another name stands as `fru` (`Card02, ChnB, DIMM0`); a text without a
    number (`UncorrectedErr`) names no part.
    """
    name = (text or "").strip()
    if "dimm" in location or not DIGIT.search(name):
        return location
    return location | {"dimm" if SLOT.fullmatch(name) else "fru": name}
