"""Numbers and things in the words of a report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from triage.model import Crash, Event, Evidence, HardwareError, PageHistory

DIMM_KEYS = ("dimm", "label")
MODULE_KEYS = ("socket", "node", "memory_controller", "card", "channel", "slot", "module", "csrow")
PLACE_KEYS = (*MODULE_KEYS, "rank", "bank", "device", "row", "column")


def seconds(value: float) -> str:
    """A span of time: 67.35 s, 4 min 10 s, 3 h 2 min."""
    if value < 120:
        return f"{value:.2f} s"
    minutes, hours = value / 60, value / 3600
    return f"{int(minutes)} min {int(value % 60)} s" if hours < 2 else f"{int(hours)} h {int(minutes % 60)} min"


def begin(text: str) -> str:
    """The text with a capital first letter, unless it begins with the name of a function."""
    return text if "(" in text.split(" ")[0] else text[:1].upper() + text[1:]


def cite(text: str, *events: Event | None, addresses: Iterable[int] = ()) -> Evidence:
    """Evidence that points at the lines of the events, all of one source: those of the first."""
    here = [event for event in events if event is not None]
    if not here:
        return Evidence(text=text, addresses=tuple(addresses))
    same = [event for event in here if event.source == here[0].source]
    return Evidence(
        text=text,
        source=here[0].source,
        first_line=min(event.first_line for event in same),
        last_line=max(event.last_line for event in same),
        addresses=tuple(addresses),
    )


def module(location: dict[str, Any]) -> str | None:
    """The memory module of an error's location: DIMM_B1, its FRU or handle, or `the module at node 0, card 1`.

    None if the location does not tell one module of a socket from the others; the same for all errors of a module.
    """
    name = next((str(location[key]) for key in DIMM_KEYS if location.get(key) not in (None, "")), None)
    if name:
        return name
    if location.get("fru"):
        return f"the module that the firmware calls {location['fru']}"
    if location.get("handle") not in (None, "", "0x0000"):
        return f"the module of DMI handle {location['handle']}"
    coarse = {key: value for key, value in known(location).items() if key in MODULE_KEYS}
    return f"the module at {place(coarse)}" if set(coarse) - {"socket", "node"} else None


def dimm(location: dict[str, Any]) -> str | None:
    """The module and where on it, for whoever exchanges it: `DIMM_B1 (node 0, card 1, rank 1, row 6699)`."""
    name = module(location)
    if name is None:
        return None
    rest = {key: value for key, value in location.items() if f"{key} {value}" not in name}
    return f"{name} ({place(rest)})" if place(rest) else name


def core(location: dict[str, Any]) -> str | None:
    """The core that firmware names by a register: `the core of MPIDR 0x81000500`."""
    names = {"mpidr": "MPIDR", "apic": "APIC id", "processor": "processor id"}
    return next((f"the core of {name} {location[key]}" for key, name in names.items() if key in location), None)


def known(location: dict[str, Any]) -> dict[str, Any]:
    """The coordinates that a location has, coarse to fine."""
    return {key: location[key] for key in PLACE_KEYS if location.get(key) not in (None, "", -1)}


def place(location: dict[str, Any]) -> str:
    """The coordinates in words: `socket 0, channel 1, slot 0`; empty if there are none."""
    return ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in known(location).items())


def page_name(page: PageHistory) -> str:
    """`page 0x40272d`, with its type where that is known."""
    return f"page {page.pfn:#x}" + (f" ({page.type})" if page.type != "unknown" else "")


def end_of(page: PageHistory) -> str:
    """How the kernel left the page: `ignored`, `failed to recover` ..., as the end of a sentence about it."""
    if page.poisoned is False and not page.open:
        return "whose mark was taken away again"
    if page.open and page.log_result in ("Delayed", "Recovered"):
        return "which the kernel had handled before another error came"
    return {
        "Ignored": "which the kernel ignored and left in use",
        "Failed": "which the kernel failed to isolate",
        "Delayed": "which the kernel took out of use, to be handled at the next access",
        "Recovered": "which the kernel recovered",
    }.get(page.log_result or "", "for which no recovery is on record")


def error_name(error: HardwareError) -> str:
    """`multi-bit ECC at 0x40272d5080` or the like."""
    place = f" at {error.physical_address:#x}" if error.physical_address is not None else ""
    return f"{error.what}{place}" + (f" on {error.device}" if error.device else "")


def place_of(crash: Crash) -> str:
    """The function of a crash, `an unknown function` where the log does not say."""
    return f"{crash.function}()" if crash.function else "an unknown function"
