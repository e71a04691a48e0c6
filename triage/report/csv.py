"""Events as rows of `triage log --csv`, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from triage.model import Crash, Event, HardwareError, MemoryFailure, Notice
from triage.report.escape import cell
from triage.report.json import hexadecimal, wall_time

HEADER = (
    "time", "wall_time", "host", "source", "first_line", "last_line", "kind", "severity", "what",
    "pfn", "physical_address", "result", "function", "device", "count",
)  # fmt: skip


def row(event: Event) -> tuple[str, ...]:
    """The event under HEADER, one cell per column, empty where it has no such thing."""
    values = {
        "time": event.time,
        "wall_time": wall_time(event.wall_time),
        "host": event.host,
        "source": event.source,
        "first_line": event.first_line,
        "last_line": event.last_line,
        **_own(event),
    }
    return tuple(cell(values.get(name)) for name in HEADER)


def _own(event: Event) -> dict[str, object]:
    """What only this type of event has, under the common column names."""
    if isinstance(event, Crash):
        return {"kind": "crash", "what": event.title, "function": event.function}
    if isinstance(event, HardwareError):
        address = hexadecimal(event.physical_address)
        own = {"severity": event.severity, "physical_address": address, "device": event.device, "count": event.count}
        return {"kind": event.kind, "what": event.what, "pfn": hexadecimal(event.page), **own}
    if isinstance(event, MemoryFailure):
        own = {"pfn": hexadecimal(event.pfn), "physical_address": hexadecimal(event.physical_address)}
        return {"kind": event.kind, "what": event.text, "result": event.result, **own}
    if isinstance(event, Notice):
        return {"kind": event.kind, "what": event.text}
    return {"kind": event.kind}


def line(cells: tuple[str, ...]) -> str:
    """The cells as one line of CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
