"""What EDAC drivers put into free text: layers, labels and driver details (drivers/edac, 5.4 to 7.3)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from triage.logs.decode import cper

FATAL = re.compile(r"\bFATAL\b|\bfatal\b")
CACHE = re.compile(r"l\d|cache|tlb|llc|ccn|cmn")
MEMORY = re.compile(r"mem|ram|ddr|mcu|ocm")
NO_LABEL = frozenset({"unknown label", "unknown memory", "any memory", "(null)", ""})

# What drivers call the parts of a DIMM, to the names of the other reporters; some say it before the place, some behind.
DRIVER_KEYS = {
    "processorsocketid": "socket", "socket": "socket", "memorycontrollerid": "memory_controller",
    "ha": "memory_controller", "channelid": "channel", "dimmslotid": "slot", "physicalrankid": "rank",
    "rank": "rank", "row": "row", "ras": "row", "column": "column", "col": "column", "cas": "column", "bank": "bank",
    "bank_addr": "bank", "bankgroup": "bank_group", "bank_group": "bank_group", "bg": "bank_group",
    "chipselect": "chip_select", "cs": "chip_select",
}  # fmt: skip
PAIR = re.compile(r"\b([A-Za-z]\w{0,40})(?: Number)?[:= ](0x[0-9a-fA-F]{1,16}|-?\d{1,10})(?=[\s,)]|$)")
ADDRESS = re.compile(r"\bSystemAddress:0x([0-9a-f]{1,16})|\bAddr at ([0-9a-f]{1,16})")  # ADXL; versal
UNKNOWN_RANK = 255  # sb_edac
ERR_CODE = re.compile(r"err_code:(?:0x)?([0-9a-fA-F]{4}):(?:0x)?([0-9a-fA-F]{4})")


# A storm tells the same place and the same details again and again: its events share them.
@lru_cache(maxsize=4096)
def location(controller: str, layers: str | None, label: str | None, other: str) -> dict[str, Any]:
    """Coordinates of `(channel:1 slot:0 page:...)` or ghes_edac's firmware string, label, and driver's details.

    `dimm` is the firmware's own name of the module where there is one, else the EDAC label; `label` is always EDAC's.
    """
    out: dict[str, Any] = {"memory_controller": int(controller)}
    out |= driver(other)
    out |= cper.location(layers)
    name = (label or "").strip()
    if name not in NO_LABEL:
        out = {"dimm": name} | out | {"label": name}
    return out


def driver(other: str) -> dict[str, Any]:
    """`err_code:0x0101:0x0090 ProcessorSocketId:0x1 Row:0x1a2b`, `rank 1 bank 2`, `RAS=5` by the names of CPER."""
    own = other.partition("APEI location:")[0]
    found = {DRIVER_KEYS.get(key.lower()): value for key, value in PAIR.findall(own)}
    out = {key: int(value, 16 if "x" in value else 10) for key, value in found.items() if key}
    if out.get("rank") == UNKNOWN_RANK:
        del out["rank"]
    return out


def address(text: str) -> int | None:
    """The system physical address that a driver puts into its own words, if it does."""
    found = ADDRESS.search(text) if "Addr" in text else None
    return int(found[1] or found[2], 16) if found else None


@lru_cache(maxsize=1024)
def words(message: str) -> str:
    """What a message says beside a place: nothing for `rank:0 bank:5 row:1234 col:56`."""
    return message if PAIR.sub("", message).strip() else ""


@lru_cache(maxsize=4096)
def details(syndrome: str | None, other: str) -> dict[str, Any]:
    """The driver's own text, MSCOD and MCACOD of its `err_code:0x0101:0x0090`, and the flag in front of them."""
    out: dict[str, Any] = {"syndrome": syndrome} if syndrome else {}
    if other:
        out["driver"] = other
    found = ERR_CODE.search(other)
    if found:
        out |= {"mscod": int(found[1], 16), "mcacod": int(found[2], 16)}
    if "OVERFLOW" in other:
        out["overflow"] = True
    return out
