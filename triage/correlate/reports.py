"""What single reports say of a page: which errors count as records, whose page they name, when they came."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from triage.correlate.consumption import is_memory
from triage.correlate.shift import PageShift
from triage.model import SEVERITIES, Crash, Event, HardwareError, MemoryFailure, Notice

SAME_EVENT = 1.0  # seconds; reports of one page within this time tell of one physical event
NEIGHBOURS = 64  # words of memory_failure() that are looked at around one record
UNSAID = {"severity", "records"}  # what a record may lack that says how bad it is
WORDED = ("aer", "mcelog")  # kinds of record that say it in words as well as by a status register
STAYS_OPEN = {"Ignored", "Failed"}
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


def is_uncorrected(error: HardwareError) -> bool:
    """Whether the hardware could not correct the error."""
    return error.severity != "corrected"


def is_untold(error: HardwareError) -> bool:
    """Whether nothing says how bad it is: an announcement, or a record that lost its severity, or its status register.

    mce: [Hardware Error]: Machine check events logged
    """
    if error.severity != "corrected" or {"sentence", "error_type"} & error.detail.keys():
        return False
    no_status = "status" in error.missing and error.kind not in WORDED
    return no_status or bool(UNSAID & set(error.missing)) or bool(error.detail.get("undecoded"))


def is_outcome(error: HardwareError) -> bool:
    """Whether it tells how the recovery from a PCI error ended, of the port or of a device below it, not of the error.

    xhci_hcd 0000:97:00.0: AER: can't recover (no error_detected callback)
    """
    return error.kind == "pci_recovery"


def release(events: Iterable[Event]) -> str | None:
    """The kernel release that a crash or a notice, such as the boot banner, is the first to name."""
    told = (
        e.kernel if isinstance(e, Crash) else e.values.get("kernel") for e in events if isinstance(e, Crash | Notice)
    )
    return next((str(kernel) for kernel in told if kernel), None)


def worst_first(errors: Iterable[HardwareError]) -> list[HardwareError]:
    """The errors, the worst first and outcomes last."""
    return sorted(errors, key=lambda error: (is_outcome(error), -SEVERITIES.index(error.severity)))


def is_memory_report(error: HardwareError) -> bool:
    """Whether an error is an uncorrected memory error that names an address or a page."""
    return is_memory(error) and is_uncorrected(error) and (error.physical_address is not None or error.page is not None)


def is_record(error: HardwareError) -> bool:
    """Whether it is one of this boot."""
    return is_memory_report(error) and not error.previous_boot


def is_unplaced(error: HardwareError) -> bool:
    """Whether an error is an uncorrected memory error of this boot that names neither address nor page."""
    named = error.physical_address is not None or error.page
    return error.component == "memory" and is_uncorrected(error) and not error.previous_boot and not named


def is_unpoison(event: Event) -> bool:
    """Whether software took the poison mark away again.

    Unpoison: 0x1507: software-unpoisoned page
    """
    return isinstance(event, MemoryFailure) and event.action == "unpoison" and "oftware-unpoisoned" in event.text


def is_witness(report: Event) -> bool:
    """A record of the hardware, or the kernel's own verdict that a page stays in use."""
    return isinstance(report, HardwareError) or (isinstance(report, MemoryFailure) and report.result in STAYS_OPEN)


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


def record_address(record: HardwareError, shift: PageShift) -> int | None:
    """The physical address of a record; EDAC gives page and offset instead."""
    if record.physical_address is not None:
        return record.physical_address
    if record.page and record.page_offset is not None and shift.bits is not None:
        return (record.page << shift.bits) + record.page_offset
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


def tells_of_page(error: HardwareError, spoken: bool) -> bool:
    """Whether an error belongs to its page's history; an earlier boot's too, though it never holds the page open.

    `spoken`: memory_failure() names the page. Then a cache error on the way to it counts as well: the kernel treats the
    page as bad (ARM processor section).
    """
    return is_memory_report(error) or (spoken and is_uncorrected(error) and not error.previous_boot)


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


def physical_events(reports: Iterable[Event]) -> list[list[Event]]:
    """Reports with a time, grouped: those within a second of the one before tell of one physical event."""
    groups: list[list[Event]] = []
    for report in sorted((r for r in reports if r.time is not None), key=lambda r: r.time or 0.0):
        if groups and (report.time or 0.0) - (groups[-1][-1].time or 0.0) <= SAME_EVENT:
            groups[-1].append(report)
        else:
            groups.append([report])
    return groups
