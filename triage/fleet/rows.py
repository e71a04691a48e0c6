"""One judged boot as rows of the store's tables (`schema.py` says what each column means)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from triage.correlate.consumption import is_machine_check, is_serror
from triage.correlate.crashes import is_mild
from triage.correlate.scene import arch_of, earlier_boot, is_capture, kernel_of
from triage.fleet import held, memory
from triage.fleet.identity import keys
from triage.model import Boot, Case, Crash, Event, HardwareError, Link, Notice, PageHistory
from triage.report.escape import unicode
from triage.report.json import document

Row = dict[str, Any]
MATCHES = ("line", "page", "time")  # the best link first
FIRST, LAST = 0.0, 253402300799.0  # Unix seconds of 1970 and of the end of 9999
# `Vendor Model/Board, BIOS 1.2 01/02/2026`: the machine's model is what stands before the board and the firmware.
BOARD = re.compile(r"/[^,]*|, BIOS .*|(?<!\s)\s+BIOS .*|,\s*$")
# Crashes that are the report of a hardware error: what they follow says nothing about them.
BY_DEFINITION = re.compile(
    r"external abort|machine check|hardware error|Memory failure|unrecoverable page|parity or ECC|\bUE\b|NMI: IOCK"
    r"|PCI system error",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the archive knows of a boot beside its events: where it came from and how much of it was seen."""

    input: str
    unit: str
    number: int  # of the boot in its input
    host: str | None = None
    begin: float | None = None
    end: float | None = None
    wall: float | None = None  # Unix seconds
    wall_source: str | None = None

    @property
    def boot(self) -> str:
        """The identity of the boot."""
        return f"{self.input[:16]}-{self.number}"


def rows(boot: Boot, case: Case | None, seen: Seen) -> dict[str, list[Row]]:
    """All rows of one boot, by table."""
    origin = {"input": seen.input, "boot": seen.boot, "host": text(boot.host or seen.host)}
    bare = (e for e in own_or_earlier(boot) if isinstance(e, HardwareError))
    errors = case.errors if case else tuple((f"e{n}", e) for n, e in enumerate(bare, 1))
    crash = case.crash if case else None
    about = {
        "kernel": text(kernel_of(boot, crash)),
        "arch": arch_of(boot, crash),
        "hardware": text(hardware(boot, case)),
    }
    named = {**origin, "case": seen.boot if case else None}
    end = last_seen(case, seen)
    found: dict[str, list[Row]] = {
        "boots": [boot_row(boot, case, seen) | named | about],
        "errors": [error_row(*pair) | named for pair in with_twins(errors)],
    }
    if case:
        found["cases"] = [case_row(boot, case, seen) | named | about]
        found["crashes"] = [crash_row(n, c, case) | named for n, c in enumerate(case.crashes or crashes_of(case))]
        found["pages"] = [page_row(page, case, end) | named for page in case.pages]
        found["links"] = [link_row(link) | named for link in case.links]
        found["whatif"] = [row | named | {"kernel": about["kernel"]} for row in whatif_rows(case)]
        found["documents"] = [
            {"input": seen.input, "case": seen.boot, "json": case_json(case), "held": held.packed(case)}
        ]
    found["hosts"] = [host_row(found, seen, origin["host"], about)]
    return found


def own_or_earlier(boot: Boot) -> list[Event]:
    """The events of a boot, those that tell of an error of the boot before marked so."""
    capture = is_capture(boot)
    return [earlier_boot(event, capture) for event in boot.events]


def crashes_of(case: Case) -> tuple[Crash, ...]:
    """The one crash of a case that lists none."""
    return (case.crash,) if case.crash else ()


def crashed(case: Case | None) -> bool:
    """Whether the boot ended in a crash; a warning that the kernel survived is none."""
    return case is not None and case.crash is not None and not is_mild(case.crash)


def by_definition(crash: Crash) -> bool:
    """Whether a crash is itself the report of a hardware error: a machine check, an external abort, a fatal record."""
    words = " ".join((crash.title, crash.panic or "", *crash.header[:2]))
    return bool(BY_DEFINITION.search(words)) or is_machine_check(crash) or is_serror(crash)


def last_seen(case: Case | None, seen: Seen) -> float | None:
    """When the watch over a boot ended: at its crash, else at the last line."""
    if case and case.crash and crashed(case):
        return case.crash.time
    return seen.end


def boot_row(boot: Boot, case: Case | None, seen: Seen) -> Row:
    crash = case.crash if case and crashed(case) else None
    injected = {page.pfn for page in case.pages if page.injected} if case else set()
    raw = [event for event in own_or_earlier(boot) if memory.is_raw(event, injected)]
    times = [event.time for event in raw if event.time is not None]
    return {
        "unit": text(seen.unit), "wall_time": moment(seen.wall), "started": moment(started(boot)),
        "begin": seen.begin, "end": seen.end,
        "error": min(times, default=None), "erred": bool(raw),
        "crash": crash.time if crash else None, "crashed": crash is not None,
        "title": text(crash.title) if crash else None,
        "function": text(crash.function) if crash else None, "hardware_crash": by_definition(crash) if crash else None,
    }  # fmt: skip


def started(boot: Boot) -> float | None:
    """Unix seconds at which a boot's printk clock began."""
    return next((e.wall_time - e.time for e in boot.events if e.wall_time is not None and e.time is not None), None)


def case_row(boot: Boot, case: Case, seen: Seen) -> Row:
    crash, page, link = case.crash, blamed(case), best_link(case)
    return {
        "unit": text(seen.unit), "boot_id": text(boot.boot_id), "keys": list(keys(boot, case)),
        "wall_time": moment(seen.wall), "time_source": seen.wall_source,
        "cause": case.verdict.cause, "confidence": case.verdict.confidence, "summary": text(case.verdict.summary),
        "software_excluded": case.verdict.software_excluded, "crashed": crashed(case),
        "title": text(crash.title) if crash else None, "type": text(crash.type) if crash else None,
        "function": text(crash.function) if crash else None, "module": text(crash.module) if crash else None,
        "time": crash.time if crash else None,
        "pfn": page.pfn if page else None, "page_type": page.type if page else None,
        "type_source": page.type_source if page else None,
        "match": link.match if link else None, "lag": link.lag_seconds if link else None,
        "errors": len(case.errors), "pages": len(case.pages), "open_pages": sum(page.open for page in case.pages),
        "core": boot.core is not None, "sources": [text(source.path) or "?" for source in boot.sources],
    }  # fmt: skip


def crash_row(number: int, crash: Crash, case: Case) -> Row:
    return {
        "number": number, "main": crash is case.crash, "title": text(crash.title), "type": text(crash.type),
        "function": text(crash.function), "offset": crash.offset, "module": text(crash.module), "time": crash.time,
        "wall_time": moment(crash.wall_time), "task": text(crash.task), "pid": signed(crash.pid),
        "cpu": signed(crash.cpu),
        "kernel": text(crash.kernel), "arch": crash.arch, "taint": list(crash.taint),
        "fault_address": unsigned(crash.fault_address), "panic": text(crash.panic),
    }  # fmt: skip


def with_twins(errors: Iterable[tuple[str, HardwareError]]) -> list[tuple[str, HardwareError, bool]]:
    """The errors with their ids, and whether each is a copy of another."""
    pairs = list(errors)
    return [
        (name, e, twin) for (name, _), (e, twin) in zip(pairs, memory.told_once([e for _, e in pairs]), strict=True)
    ]


def error_row(name: str, error: HardwareError, twin: bool) -> Row:
    return {
        "error": name, "kind": error.kind, "component": error.component, "severity": error.severity,
        "what": text(error.what),
        "time": error.time, "wall_time": moment(error.wall_time), "physical_address": unsigned(error.physical_address),
        "granularity": signed(error.granularity), "page": unsigned(error.page),
        "dimm": text(memory.module(error.location)),
        **memory.cells(error), "cpu": signed(error.cpu), "count": signed(error.count),
        "previous_boot": error.previous_boot,
        "injected": error.injected, "twin": twin,
    }  # fmt: skip


def page_row(page: PageHistory, case: Case, end: float | None) -> Row:
    return {
        "pfn": unsigned(page.pfn), "physical_address": unsigned(page.physical_address), "type": page.type,
        "type_source": page.type_source, "log_label": text(page.log_label), "log_result": text(page.log_result),
        "poisoned": page.poisoned, "injected": page.injected, "open": page.open, "recorded": page.recorded,
        "blamed": page.blamed, "dimm": text(memory.module(page.location)), "first_seen": page.first_seen,
        "last_seen": end,
        "crashed": crashed(case),
    }  # fmt: skip


def link_row(link: Link) -> Row:
    return {
        "pfn": unsigned(link.pfn), "match": link.match, "via": text(link.via), "address": unsigned(link.address),
        "translation": link.translation, "granularity": signed(link.granularity), "lag": link.lag_seconds,
    }  # fmt: skip


def whatif_rows(case: Case) -> list[Row]:
    """What each policy would have done, per page, with what came of the page in fact."""
    pages = {page.pfn: page for page in case.pages}
    found = []
    for entry in case.counterfactual:
        page = pages.get(entry.pfn)
        found.append({
            "policy": entry.policy, "pfn": unsigned(entry.pfn), "page_type": page.type if page else None,
            "would_panic": entry.would_panic, "at": entry.at, "lead": entry.lead_seconds, "actual": entry.actual,
            "blamed": page.blamed if page else False, "crashed": crashed(case),
            "memory_crash": crashed(case) and case.verdict.cause == "memory-error",
        })  # fmt: skip
    return found


def host_row(found: dict[str, list[Row]], seen: Seen, host: str | None, about: Row) -> Row:
    """What one boot adds to what is known of its host."""
    boot, errors = found["boots"][0], [e for e in found["errors"] if e["component"] == "memory" and not e["twin"]]
    known = seen.begin is not None and seen.end is not None
    return {
        "input": seen.input, "host": host, "hardware": about["hardware"], "arch": about["arch"],
        "first_time": moment(seen.wall), "last_time": moment(seen.wall), "boots": 1,
        "seconds": max(0.0, seen.end - seen.begin) if known else None,  # type: ignore[operator]
        "crashes": int(boot["crashed"]),
        "corrected": sum(e["count"] or 1 for e in errors if e["severity"] == "corrected"),
        "uncorrected": sum(e["severity"] != "corrected" and not e["previous_boot"] for e in errors),
    }  # fmt: skip


def blamed(case: Case) -> PageHistory | None:
    """The page that the case blames, else the only one it has."""
    found = next((page for page in case.pages if page.blamed), None)
    return found or (case.pages[0] if len(case.pages) == 1 else None)


def best_link(case: Case) -> Link | None:
    """The closest link from the crash to the blamed page."""
    page = blamed(case)
    links = [link for link in case.links if page and link.pfn == page.pfn]
    return min(links, key=lambda link: MATCHES.index(link.match), default=None)


def hardware(boot: Boot, case: Case | None) -> str | None:
    """The machine's vendor and model."""
    names = [c.hardware for c in (case.crashes if case else ()) if c.hardware]
    names += [e.text for e in boot.events if isinstance(e, Notice) and e.what == "machine" and not names]
    return model(names[0]) if names else None


def model(line: str) -> str | None:
    """`Acme R750/0XY, BIOS 1.2 01/02/2026` and `DMI: Acme R750/0XY, BIOS 1.2` are both `Acme R750`."""
    return BOARD.sub("", line.removeprefix("DMI: ")).strip() or None


def case_json(case: Case) -> str:
    """The case as `triage analyze --json` writes it."""
    return msgspec.json.encode(document([case])["cases"][0]).decode()


def text(value: str | None) -> str | None:
    """Text that every reader of the store can take; None for nothing."""
    return unicode(value) or None if value else None


def unsigned(value: int | None) -> int | None:
    """An address within 64 bits; what a hostile log makes longer is unknown."""
    return value if value is not None and 0 <= value < 1 << 64 else None


def signed(value: int | None) -> int | None:
    """A number within 63 bits."""
    return value if value is not None and -(1 << 63) <= value < 1 << 63 else None


def moment(seconds: float | None) -> datetime | None:
    """A wall time; None for what no calendar holds."""
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and FIRST <= seconds <= LAST else None


def month(seconds: float | None) -> str:
    """The partition of a wall time: `2026-11`, `unknown`."""
    found = moment(seconds)
    return f"{found.year:04d}-{found.month:02d}" if found else "unknown"
