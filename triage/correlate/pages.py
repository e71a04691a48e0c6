"""Joins everything that was reported of one page into its history: error records, EDAC lines, machine checks,
memory_failure()."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from triage.correlate.consumption import is_memory_code, mcacod
from triage.correlate.labels import page_type
from triage.correlate.shift import PageShift
from triage.model import CoreFacts, Crash, Event, HardwareError, MemoryFailure, PageFacts, PageHistory

SAME_EVENT = 1.0  # seconds; reports of one page within this time tell of one physical event
NEIGHBOURS = 64  # words of memory_failure() that are looked at around one record
POLLED = 10.0  # seconds that firmware may take to report an error that has already killed the kernel
STAYS_OPEN = {"Ignored", "Failed"}
CONTAINED = {"free", "anonymous", "page-cache", "hugetlb", "ksm", "user", "zone-device", "no-struct-page", "offline"}
NAMES_A_PAGE = {
    "verdict",
    "unhandlable",
    "unknown-state",
    "already-poisoned",
    "sigbus",
    "kill",
    "panic",
    "injection",
    "outside",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The history of a page and the reports it was made of, in time order.

    `counted` are the reports that stand before the crash, `records` the uncorrected error records of this boot among
    them.
    `late`: all reports came after the crash header; `polled`: but within ten seconds, as firmware that polls does.
    `software_only`: an injector set the mark and no hardware, real or simulated, reported anything: the data is intact.
    """

    page: PageHistory
    reports: tuple[Event, ...]
    counted: tuple[Event, ...]
    records: tuple[HardwareError, ...]
    earlier_boot: bool = False
    polled: bool = False
    late: bool = False
    unpoisoned: bool = False
    software_only: bool = False

    @property
    def since(self) -> float | None:
        """When the page was left open: its verdict, else its first report; printk seconds."""
        return self.page.verdict_time if self.page.verdict_time is not None else self.page.first_seen

    def open_before(self, crash: Crash) -> bool:
        """Whether an event of its own, earlier than the crash, recorded the page and left it open."""
        if crash.time is None:
            return False
        limit = crash.time - SAME_EVENT
        groups = [group for group in physical_events(self.counted) if (group[-1].time or 0.0) < limit]
        reports = [report for group in groups for report in group]
        return is_open(reports) and any(is_witness(report) for report in reports)


def is_uncorrected(error: HardwareError) -> bool:
    """Whether the hardware could not correct the error."""
    return error.severity != "corrected"


def is_memory_report(error: HardwareError) -> bool:
    """Whether an error is an uncorrected memory error that names an address or a page."""
    memory = error.component == "memory" or is_memory_code(mcacod(error))
    return memory and is_uncorrected(error) and (error.physical_address is not None or error.page is not None)


def is_record(error: HardwareError) -> bool:
    """Whether it is one of this boot."""
    return is_memory_report(error) and not error.previous_boot


def pfn_of(event: Event, shift: PageShift) -> int | None:
    """The page frame an event speaks of; EDAC prints page 0 when it does not know."""
    if isinstance(event, MemoryFailure):
        named = event.pfn if event.action in NAMES_A_PAGE or event.action == "unpoison" else None
        if named is None and event.physical_address is not None:
            return shift.pfn(event.physical_address)
        return named
    if isinstance(event, HardwareError):
        if event.page:
            return event.page
        return shift.pfn(event.physical_address) if event.physical_address is not None else None
    return None


def reports_by_page(events: Sequence[Event], shift: PageShift) -> dict[int, list[Event]]:
    """The reports of each page that has an uncorrected memory error or a word of memory_failure()."""
    pages: dict[int, list[Event]] = defaultdict(list)
    spoken = {event.pfn for event in events if isinstance(event, MemoryFailure)}
    for event in events:
        pfn = pfn_of(event, shift)
        if pfn is None:
            continue
        if isinstance(event, HardwareError) and not tells_of_page(event, pfn in spoken):
            continue
        pages[pfn].append(event)
    adopt(events, pages)
    return {pfn: reports for pfn, reports in pages.items() if any(not is_unpoison(report) for report in reports)}


def adopt(events: Sequence[Event], pages: dict[int, list[Event]]) -> None:
    """Add records without an address to the one page that memory_failure() spoke of within the same second.

    {1}[Hardware Error]:   error_type: 3, multi-bit ECC
    Memory failure: 0x40272d: unhandlable page.
    """
    words = [(e.time, e.pfn) for e in events if isinstance(e, MemoryFailure) and e.pfn in pages]
    spoken = sorted((time, pfn) for time, pfn in words if time is not None and pfn is not None)
    for error in events:
        if not isinstance(error, HardwareError) or not is_unplaced(error) or error.time is None:
            continue
        first = bisect_left(spoken, (error.time - SAME_EVENT, 0))
        near = {pfn for time, pfn in spoken[first : first + NEIGHBOURS] if time <= error.time + SAME_EVENT}
        if len(near) == 1:
            reports = pages[near.pop()]
            reports.append(error)
            reports.sort(key=lambda report: report.time if report.time is not None else error.time or 0.0)


def is_unplaced(error: HardwareError) -> bool:
    """Whether an error is an uncorrected memory error of this boot that names neither address nor page."""
    named = error.physical_address is not None or error.page
    return error.component == "memory" and is_uncorrected(error) and not error.previous_boot and not named


def tells_of_page(error: HardwareError, spoken: bool) -> bool:
    """Whether an error belongs to its page's history; an earlier boot's too, though it never holds the page open.

    `spoken`: memory_failure() names the page. Then a cache error on the way to it counts as well: the kernel treats the
    page as bad (ARM processor section).
    """
    return is_memory_report(error) or (spoken and is_uncorrected(error) and not error.previous_boot)


def is_unpoison(event: Event) -> bool:
    """Whether software took the poison mark away again.

    Unpoison: 0x1507: software-unpoisoned page
    """
    return isinstance(event, MemoryFailure) and event.action == "unpoison" and "oftware-unpoisoned" in event.text


def tracks(
    events: Sequence[Event],
    shift: PageShift,
    crash: Crash | None,
    core: CoreFacts | None,
    ids: dict[int, str],
    kernel: str | None,
) -> tuple[Track, ...]:
    """The history of every page that was reported or that the core holds poisoned, in order of first report."""
    facts = {page.pfn: page for page in core.pages} if core else {}
    order = {id(event): number for number, event in enumerate(events)}
    found = reports_by_page(events, shift)
    listed = [*found, *(pfn for pfn, page in facts.items() if pfn not in found and page.poisoned)]
    return tuple(
        track(pfn, found.get(pfn, []), facts.get(pfn), core, shift, crash, order, ids, kernel) for pfn in listed
    )


def track(
    pfn: int,
    reports: Sequence[Event],
    facts: PageFacts | None,
    core: CoreFacts | None,
    shift: PageShift,
    crash: Crash | None,
    order: dict[int, int],
    ids: dict[int, str],
    kernel: str | None,
) -> Track:
    """One page's history out of its reports."""
    own = [report for report in reports if not (isinstance(report, HardwareError) and report.previous_boot)]
    counted = [report for report in own if crash is None or stands_before(report, crash, order)]
    after = [report for report in own if crash is not None and not stands_before(report, crash, order)]
    polled = bool(after) and not counted and any(within(report, crash, POLLED) for report in after)
    judged = counted or after
    records = tuple(report for report in judged if isinstance(report, HardwareError))
    verdict = last_verdict(judged)
    kind, source, why = page_type(verdict, judged, kernel)
    page = PageHistory(
        pfn=pfn,
        physical_address=best_address(records, judged, facts, pfn, shift),
        type=facts.type if facts else kind,
        type_now=facts.type_now if facts else None,
        type_source="core" if facts else source,
        why="; ".join(facts.evidence) or None if facts else why,
        log_label=verdict.label if verdict else None,
        log_result=verdict.result if verdict else None,
        poisoned=poisoned(judged, facts),
        injected=is_injected(judged) or (not records and bool(core and core.injected_only)),
        location=location(reports),
        first_seen=first_time(judged),
        verdict_time=verdict.time if verdict else None,
        detail=dict(facts.detail) if facts else {},
        open=is_open(judged) if own else is_open_in_core(facts),
        recorded=bool(records),
        page_shift=shift.bits,
        granularity=min((record.granularity for record in records if record.granularity), default=None),
        errors=tuple(ids[id(report)] for report in reports if id(report) in ids),
        facts=facts,
    )
    return Track(
        page=page,
        reports=tuple(reports),
        counted=tuple(counted),
        records=records,
        earlier_boot=bool(reports) and not own,
        polled=polled,
        late=bool(after) and not counted,
        unpoisoned=any(is_unpoison(report) for report in judged),
        software_only=not records and (is_injected(judged) or bool(core and core.injected_only)),
    )


# ---------------------------------------------------------------- time


def stands_before(event: Event, crash: Crash, order: dict[int, int]) -> bool:
    """Whether an event was printed before the crash header."""
    if event.time is not None and crash.time is not None and event.time != crash.time:
        return event.time < crash.time
    return order[id(event)] <= order[id(crash)]


def within(event: Event, crash: Crash | None, span: float) -> bool:
    """Whether an event lies within `span` seconds of the crash."""
    return (
        crash is not None and crash.time is not None and event.time is not None and abs(event.time - crash.time) <= span
    )


def first_time(reports: Iterable[Event]) -> float | None:
    """When the page was first heard of, printk seconds."""
    return min((report.time for report in reports if report.time is not None), default=None)


def physical_events(reports: Iterable[Event]) -> list[list[Event]]:
    """Reports with a time, grouped: those within a second of the one before tell of one physical event."""
    groups: list[list[Event]] = []
    for report in sorted((r for r in reports if r.time is not None), key=lambda r: r.time or 0.0):
        if groups and (report.time or 0.0) - (groups[-1][-1].time or 0.0) <= SAME_EVENT:
            groups[-1].append(report)
        else:
            groups.append([report])
    return groups


def is_witness(report: Event) -> bool:
    """A record of the hardware, or the kernel's own verdict that a page stays in use."""
    return isinstance(report, HardwareError) or (isinstance(report, MemoryFailure) and report.result in STAYS_OPEN)


# ---------------------------------------------------------------- state


def last_verdict(reports: Iterable[Event]) -> MemoryFailure | None:
    """The verdict line that tells how the page ended: the last one, not counting `already poisoned` repeats."""
    verdicts = [report for report in reports if isinstance(report, MemoryFailure) and report.result is not None]
    first_hits = [verdict for verdict in verdicts if not (verdict.label or "").startswith("already poisoned")]
    chosen = first_hits or verdicts
    return chosen[-1] if chosen else None


def is_open(reports: Sequence[Event]) -> bool:
    """Whether the page is still in use: last verdict Ignored or Failed, or an error (or a word of giving up) without
    verdict."""
    state = False
    settled: float | None = None
    for report in reports:
        if isinstance(report, MemoryFailure):
            if report.result is not None:
                state, settled = report.result in STAYS_OPEN, report.time
            elif is_unpoison(report):
                state = False
            elif report.action in ("unhandlable", "unknown-state", "panic", "injection"):
                state = True
        elif settled is None or (report.time is not None and report.time - settled > SAME_EVENT):
            state = True
    return state


def is_open_in_core(facts: PageFacts | None) -> bool:
    """Whether a page without any report is poisoned and still the kernel's own; freed and user pages are contained."""
    return bool(facts and facts.poisoned) and facts is not None and facts.type_now not in CONTAINED


def poisoned(reports: Sequence[Event], facts: PageFacts | None) -> bool | None:
    """Whether the page carries PG_hwpoison at the end: the core's word, else the log's; None if neither says."""
    if facts is not None and facts.poisoned is not None:
        return facts.poisoned
    state: bool | None = None
    for report in reports:
        if is_unpoison(report):
            state = False
        elif isinstance(report, MemoryFailure) and (
            report.result is not None or report.action in ("panic", "already-poisoned")
        ):
            state = True
    return state


def is_injected(reports: Sequence[Event]) -> bool:
    """Whether software made the error: an injector named the page, or every record was injected (EINJ, mce-inject)."""
    records = [report for report in reports if isinstance(report, HardwareError)]
    named = any(isinstance(report, MemoryFailure) and report.action == "injection" for report in reports)
    return all(record.injected for record in records) if records else named


def location(reports: Iterable[Event]) -> dict[str, Any]:
    """Where the memory sits, put together from all reporters; the first to name a coordinate wins."""
    place: dict[str, Any] = {}
    for report in reports:
        if isinstance(report, HardwareError):
            for key, value in report.location.items():
                place.setdefault(key, value)
    return place


def best_address(
    records: Sequence[HardwareError], reports: Sequence[Event], facts: PageFacts | None, pfn: int, shift: PageShift
) -> int | None:
    """The most exact physical address that was reported, else where the page begins."""
    for record in sorted(records, key=lambda record: record.granularity or 1 << 12):
        address = record_address(record, shift)
        if address is not None and (shift.bits is None or address >> shift.bits == pfn):
            return address
    told = (report.physical_address for report in reports if isinstance(report, MemoryFailure))
    exact = next((address for address in told if address is not None), None)
    if exact is not None:
        return exact
    if facts is not None:
        return facts.physical_address
    return None if shift.bits is None else pfn << shift.bits


def record_address(record: HardwareError, shift: PageShift) -> int | None:
    """The physical address of a record; EDAC gives page and offset instead."""
    if record.physical_address is not None:
        return record.physical_address
    if record.page and record.page_offset is not None and shift.bits is not None:
        return (record.page << shift.bits) + record.page_offset
    return None
