"""Hand-made events: what the parsers would give for short logs, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from triage.model import Boot, CoreFacts, Crash, Event, HardwareError, MemoryFailure, Notice, Source

LOG = "console.log"
_LINE = iter(range(1, 1_000_000))


def base(time: float | None, **more: Any) -> dict[str, Any]:
    """The fields of an event at the next free line."""
    line = next(_LINE)
    return {"source": LOG, "first_line": line, "last_line": line, "time": time, **more}


def ghes(time: float | None, address: int | None = None, **more: Any) -> HardwareError:
    """A recoverable CPER memory section."""
    fields: dict[str, Any] = {"kind": "ghes", "component": "memory", "severity": "recoverable", "what": "multi-bit ECC"}
    return HardwareError(**{**fields, **base(time), "physical_address": address, **more})


def edac(time: float | None, page: int, offset: int = 0, **more: Any) -> HardwareError:
    """An EDAC UE line."""
    fields: dict[str, Any] = {
        "kind": "edac",
        "component": "memory",
        "severity": "recoverable",
        "what": "memory read error",
    }
    return HardwareError(**{**fields, **base(time), "page": page, "page_offset": offset, **more})


def mce(time: float | None, status: int, address: int | None = None, bank: int = 9, **more: Any) -> HardwareError:
    """A machine check record with its status register."""
    mca = {"bank": bank, "status": status, "mcgstatus": 5}
    fields: dict[str, Any] = {
        "kind": "mce",
        "component": "memory",
        "severity": "fatal",
        "what": "machine check",
        "mca": mca,
    }
    return HardwareError(**{**fields, **base(time), "physical_address": address, **more})


def verdict(time: float | None, pfn: int, label: str = "get hwpoison page", result: str = "Ignored") -> MemoryFailure:
    """The `recovery action` line."""
    text = f"{pfn:#x}: recovery action for {label}: {result}"
    return MemoryFailure(
        kind="memory_failure", action="verdict", text=text, pfn=pfn, label=label, result=result, **base(time)
    )


def failure(time: float | None, action: Any, pfn: int | None, text: str = "") -> MemoryFailure:
    """Any other line of mm/memory-failure.c."""
    return MemoryFailure(kind="memory_failure", action=action, text=text, pfn=pfn, **base(time))


def unhandlable(time: float | None, pfn: int) -> MemoryFailure:
    return failure(time, "unhandlable", pfn, f"{pfn:#x}: unhandlable page.")


def crash(time: float | None, title: str, **more: Any) -> Crash:
    """A crash of any sort."""
    fields: dict[str, Any] = {"kind": "oops", "title": title, "header": (title,), "complete": True}
    return Crash(**{**fields, **base(time), **more})


def abort(time: float | None, esr: int = 0x96000410, **more: Any) -> Crash:
    """An arm64 synchronous external abort in d_lookup()."""
    fields: dict[str, Any] = {"arch": "arm64", "esr": esr, "function": "d_lookup", "offset": 0x5C, "size": 0x220}
    return crash(time, "synchronous external abort in d_lookup", **{**fields, **more})


def machine_check_panic(time: float | None, **more: Any) -> Crash:
    """The panic that a machine check ends in."""
    fields: dict[str, Any] = {"arch": "x86_64", "panic": "Fatal local machine check", "panicked": True}
    return crash(time, "Kernel panic: Fatal local machine check", **{**fields, **more})


def gpf(time: float | None, **more: Any) -> Crash:
    fields: dict[str, Any] = {"arch": "x86_64", "function": "__d_lookup"}
    return crash(time, "general protection fault in __d_lookup", **{**fields, **more})


def notice(time: float | None, what: Any, text: str = "", **values: Any) -> Notice:
    return Notice(kind="notice", what=what, text=text, values=values, **base(time))


def banner(kernel: str = "6.12.1") -> Notice:
    """The line that a boot begins with."""
    return notice(0.0, "boot", f"Linux version {kernel}", kernel=kernel)


def boot(*events: Event, core: CoreFacts | None = None, host: str | None = None) -> Boot:
    return Boot(events=tuple(events), core=core, host=host, sources=(Source(path=LOG),))


def in_order(events: Sequence[Event]) -> list[float | None]:
    return [event.time for event in events]
