"""What stands beside the logs: the board's inventory and the BMC's event log put a slot's label on an error.

    Handle 0x0025, DMI type 17, 92 bytes                                            dmidecode
    Memory Device
            Locator: PROC 1 DIMM 3
            Bank Locator: CHANNEL C

       4 | 11/23/2026 | 02:11:47 | Memory #0x53 | Uncorrectable ECC (DIMM_B1) | Asserted      ipmitool sel elist

A label from the inventory is exact (the firmware's record names the SMBIOS handle). A BMC event is another
reporter's word: it labels an error only if both have a wall clock and stand within `NEAR` seconds; else it is noted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from triage.inputs import SideFile
from triage.logs.decode.slot import slot_of
from triage.model import Boot, Event, HardwareError, Note

NEAR = 120.0  # seconds; BMC clocks are set by hand
MEMORY_DEVICE = re.compile(r"^Handle (?P<handle>0x[0-9A-Fa-f]{4}), DMI type 17,.*\n(?P<body>(?:.+\n)*)", re.M)
ATTRIBUTE = re.compile(r"^[ \t]++(?P<name>Locator|Bank Locator|Part Number|Serial Number|Size): (?P<value>.*)$", re.M)
SEL_LINE = re.compile(
    r"^[ \t]*(?P<id>[0-9a-f]+) \| (?:(?P<date>\d\d/\d\d/\d{2,4}) \| (?P<time>\d\d:\d\d:\d\d)(?: (?P<half>[AP]M))?[^|]*"
    r"|Pre-Init *\| *\d+ *)\| (?P<sensor>[^|]*?) \| "
    r"(?P<event>(?:[^|(]|\([^)\n]*\))*?)(?: \| (?P<state>Asserted|Deasserted))?(?: \|.*)?$",
    re.M,
)
MEMORY_EVENT = re.compile(r"\bECC\b|memory.{0,80}error|Parity", re.I)
NO_VALUE = {"", "Not Specified", "Unknown", "None", "NO DIMM", "No Module Installed"}


@dataclass(frozen=True, slots=True)
class BmcEvent:
    """One memory event of the BMC's log; `wall_time` Unix seconds, read as UTC (the log names no zone)."""

    wall_time: float | None
    sensor: str
    event: str
    slot: str | None


def slots(text: str) -> dict[str, dict[str, str]]:
    """SMBIOS handle (lower case, `0x0025`) -> locator, bank_locator, part_number, serial_number, size of a
    `dmidecode` output."""
    found = {}
    for device in MEMORY_DEVICE.finditer(text.replace("\r", "")):
        values = {m["name"].lower().replace(" ", "_"): m["value"].strip() for m in ATTRIBUTE.finditer(device["body"])}
        found[device["handle"].lower()] = {name: v for name, v in values.items() if v not in NO_VALUE}
    return found


def bmc_events(text: str) -> list[BmcEvent]:
    """The uncorrectable and correctable memory events of `ipmitool sel list` or `sel elist`, assertions only."""
    return [
        BmcEvent(
            clock(m["date"], m["time"], m["half"]), m["sensor"], m["event"], slot_of(m["event"]) or slot_of(m["sensor"])
        )
        for m in SEL_LINE.finditer(text.replace("\r", ""))
        if m["state"] != "Deasserted"
        and MEMORY_EVENT.search(m["event"])
        and re.search("memory|DIMM|ECC", f"{m['sensor']} {m['event']}", re.I)
    ]


def clock(date: str | None, time: str | None, half: str | None = None) -> float | None:
    """Unix seconds of `11/23/2026` (or `11/23/26`), `02:11:47`, `PM` or nothing; None for the BMC's pre-init clock and
    other impossible dates."""
    year = "%Y" if date and len(date) == len("11/23/2026") else "%y"
    hours = "%I:%M:%S %p" if half else "%H:%M:%S "
    try:
        moment = datetime.strptime(f"{date} {time} {half or ''}", f"%m/%d/{year} {hours}")
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC).timestamp()


def enrich(boot: Boot, side: Sequence[SideFile]) -> Boot:
    """The boot with slot labels on its errors, and a note for each BMC event that could not be tied to one."""
    mine = [s for s in side if s.host is None or boot.host is None or s.host == boot.host]
    if not mine:
        return boot
    inventory = {handle: slot for s in mine if s.kind == "dmi" for handle, slot in slots(s.text).items()}
    told = bmc_told(mine)
    events = tuple(labelled(event, inventory, [e for _, e in told]) for event in boot.events)
    return replace(boot, events=events, notes=(*boot.notes, *bmc_notes(told)))


def labelled(event: Event, inventory: dict[str, dict[str, str]], told: Iterable[BmcEvent]) -> Event:
    """An error with the slot's name, where the inventory or a BMC event near it has one and the record itself has
    none."""
    if not isinstance(event, HardwareError) or event.component != "memory" or event.location.get("dimm"):
        return event
    slot = inventory.get(str(event.location.get("handle", "")))
    if slot and "locator" in slot:
        extra = {"dimm": locator(slot, inventory)} | {k: slot[k] for k in ("part_number", "serial_number") if k in slot}
        return replace(event, location=event.location | extra)
    names = {b.slot for b in told if b.slot and near(event, b)}
    if len(names) == 1:
        return replace(event, location=event.location | {"dimm": names.pop(), "dimm_source": "BMC event log, by time"})
    return event


def locator(slot: dict[str, str], inventory: dict[str, dict[str, str]]) -> str:
    """The locator of a module, with its bank's where boards count the modules of each node or channel from 0."""
    name, bank = slot["locator"], slot.get("bank_locator")
    unique = sum(other.get("locator") == name for other in inventory.values()) == 1
    return name if unique or not bank else f"{bank} {name}"


def near(error: HardwareError, told: BmcEvent) -> bool:
    """Whether a BMC event may be the same physical event: the same severity class, wall clocks close."""
    if error.wall_time is None or told.wall_time is None or abs(error.wall_time - told.wall_time) > NEAR:
        return False
    return (error.severity == "corrected") == (not re.search(r"uncorrect", told.event, re.I))


def bmc_told(side: Iterable[SideFile]) -> list[tuple[str, BmcEvent]]:
    """The memory events in the BMC's logs, each with the log's name."""
    return [(s.name, event) for s in side if s.kind == "sel" for event in bmc_events(s.text)]


def bmc_notes(told: Iterable[tuple[str, BmcEvent]]) -> list[Note]:
    """One note per BMC log and kind of its memory events: how many of which, and where."""
    counts = Counter((name, event.event, event.slot or event.sensor) for name, event in told)
    return [
        Note(text=f"BMC event log: {n} x {what} at {where}", source=name) for (name, what, where), n in counts.items()
    ]
