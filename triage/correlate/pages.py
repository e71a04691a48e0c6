"""Joins everything that was reported of one page into its history: error records, EDAC lines, machine checks and
memory_failure()."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triage.correlate import state
from triage.correlate.labels import page_type
from triage.correlate.reports import (
    SAME_EVENT,
    is_unpoison,
    is_witness,
    physical_events,
    reports_by_page,
    stands_before,
    within,
)
from triage.correlate.shift import PageShift
from triage.model import CoreFacts, Crash, Event, HardwareError, PageFacts, PageHistory

POLLED = 10.0  # seconds that firmware may take to report an error that has already killed the kernel


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
        """When the page was left open: its verdict, else its first report, unless a later error opened it again; printk
        seconds."""
        again = state.reopened(self.counted) if self.page.open else None
        if again is not None:
            return again
        return self.page.verdict_time if self.page.verdict_time is not None else self.page.first_seen

    def since_by(self, clock: Callable[[Event], float | None]) -> float | None:
        """The same by a wall clock, for logs without printk time."""
        verdict = state.last_verdict(self.counted)
        told = clock(verdict) if verdict is not None else None
        if told is not None:
            return told
        return min((time for report in self.counted if (time := clock(report)) is not None), default=None)

    def open_before(self, crash: Crash) -> bool:
        """Whether an event of its own, earlier than the crash, recorded the page and left it open."""
        if crash.time is None:
            return False
        limit = crash.time - SAME_EVENT
        groups = [group for group in physical_events(self.counted) if (group[-1].time or 0.0) < limit]
        reports = [report for group in groups for report in group]
        return state.is_open(reports) and any(is_witness(report) for report in reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all pages of a boot are judged by: the crash, the core, the order of the events (by id), the errors' ids."""

    shift: PageShift
    crash: Crash | None
    core: CoreFacts | None
    kernel: str | None
    order: dict[int, int]
    ids: dict[int, str]

    @property
    def injected_only(self) -> bool:
        """Whether the core says that no real memory error ever happened."""
        return bool(self.core and self.core.injected_only)


def tracks(events: Sequence[Event], setting: Setting) -> tuple[Track, ...]:
    """The history of every page that was reported or that the core holds poisoned, in order of first report."""
    facts = {page.pfn: page for page in setting.core.pages} if setting.core else {}
    found = reports_by_page(events, setting.shift)
    listed = [*found, *(pfn for pfn, page in facts.items() if pfn not in found and page.poisoned)]
    return tuple(track(pfn, found.get(pfn, []), facts.get(pfn), setting) for pfn in listed)


def track(pfn: int, reports: Sequence[Event], facts: PageFacts | None, setting: Setting) -> Track:
    """One page's history out of its reports."""
    crash = setting.crash
    own = [report for report in reports if not (isinstance(report, HardwareError) and report.previous_boot)]
    counted = [report for report in own if crash is None or stands_before(report, crash, setting.order)]
    after = [report for report in own if crash is not None and not stands_before(report, crash, setting.order)]
    judged = counted or after
    page = history(pfn, reports, own, judged, facts, setting)
    late = bool(after) and not counted
    return Track(
        page=page,
        reports=tuple(reports),
        counted=tuple(counted),
        records=records_of(judged),
        earlier_boot=bool(reports) and not own,
        polled=late and any(within(report, crash, POLLED) for report in after),
        late=late,
        unpoisoned=any(is_unpoison(report) for report in judged),
        software_only=not page.recorded and page.injected,
    )


def records_of(reports: Sequence[Event]) -> tuple[HardwareError, ...]:
    """The error records among the reports of a page."""
    return tuple(report for report in reports if isinstance(report, HardwareError))


def history(
    pfn: int,
    reports: Sequence[Event],
    own: Sequence[Event],
    judged: Sequence[Event],
    facts: PageFacts | None,
    setting: Setting,
) -> PageHistory:
    """The page as the report shows it. `own` are the reports of this boot, `judged` those that count."""
    records, shift = records_of(judged), setting.shift
    verdict = state.last_verdict(judged)
    kind, source, why = page_type(verdict, judged, setting.kernel)
    return PageHistory(
        pfn=pfn,
        physical_address=state.best_address(records or records_of(reports), judged, facts, pfn, shift),
        type=facts.type if facts else kind,
        type_now=facts.type_now if facts else None,
        type_source="core" if facts else source,
        why="; ".join(facts.evidence) or None if facts else why,
        log_label=verdict.label if verdict else None,
        log_result=verdict.result if verdict else None,
        poisoned=state.poisoned(judged, facts),
        injected=state.is_injected(judged) or (not records and setting.injected_only),
        location=state.location(reports),
        first_seen=state.first_time(judged),
        verdict_time=verdict.time if verdict else None,
        detail=dict(facts.detail) if facts else {},
        open=state.is_open(judged) if own else state.is_open_in_core(facts),
        recorded=bool(records),
        page_shift=shift.bits,
        granularity=min((record.granularity for record in records if record.granularity), default=None),
        errors=tuple(setting.ids[id(report)] for report in reports if id(report) in setting.ids),
        facts=facts,
    )
