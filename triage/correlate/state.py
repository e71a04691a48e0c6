"""The state of a page out of its reports: how it ended, whether it is still in use, where it sits."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from triage.correlate.reports import SAME_EVENT, STAYS_OPEN, is_unpoison, record_address
from triage.correlate.shift import PageShift
from triage.model import Event, HardwareError, MemoryFailure, PageFacts

CONTAINED = {"free", "anonymous", "page-cache", "hugetlb", "ksm", "user", "zone-device", "no-struct-page", "offline"}


def last_verdict(reports: Iterable[Event]) -> MemoryFailure | None:
    """The verdict line that tells how the page ended: the last one, not counting `already poisoned` repeats."""
    verdicts = [report for report in reports if isinstance(report, MemoryFailure) and report.result is not None]
    first_hits = [verdict for verdict in verdicts if not is_repeat(verdict)]
    chosen = first_hits or verdicts
    return chosen[-1] if chosen else None


def is_open(reports: Sequence[Event]) -> bool:
    """Whether the page is still in use: last verdict Ignored or Failed, or an error (or a word of giving up) without
    verdict."""
    return deque(states(reports), maxlen=1).pop() if reports else False


def reopened(reports: Sequence[Event]) -> float | None:
    """When another error opened the page again that a verdict had closed, printk seconds; None if none did."""
    closed, before, at = False, False, None
    for report, after in zip(reports, states(reports), strict=True):
        if closed and after and not before:
            at = report.time
        closed = closed or (not after and (is_unpoison(report) or getattr(report, "result", None) is not None))
        before = after
    return at


def states(reports: Iterable[Event]) -> Iterator[bool]:
    """After each report, whether the page is in use."""
    state = False
    settled: float | None = None
    for report in reports:
        if isinstance(report, MemoryFailure):
            if report.result is not None and not (is_repeat(report) and within_event(settled, report)):
                state, settled = report.result in STAYS_OPEN, report.time
            elif is_unpoison(report):
                state = False
            elif report.action in ("unhandlable", "unknown-state", "panic", "injection"):
                state = True
        elif not within_event(settled, report):
            state = True
        yield state


def is_repeat(report: MemoryFailure) -> bool:
    """Whether a verdict only says that the page had been marked before: `already poisoned page: Failed`."""
    return (report.label or "").startswith("already poisoned")


def within_event(settled: float | None, report: Event) -> bool:
    """Whether a report tells of the event that a verdict has settled, or gives no time to say otherwise."""
    return settled is not None and (report.time is None or report.time - settled <= SAME_EVENT)


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


def first_time(reports: Iterable[Event]) -> float | None:
    """When the page was first heard of, printk seconds."""
    return min((report.time for report in reports if report.time is not None), default=None)


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
