"""The moments of a case that its timeline shows: the errors, what the kernel did about them, the crash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

from triage.model import Case, Crash, Event, HardwareError, MemoryFailure, PageHistory
from triage.report import words
from triage.report.escape import visible
from triage.report.timeline import Moment

SINGLE = 3  # other pages or errors shown one by one before they are counted together


def moments(case: Case) -> list[Moment]:
    """In time order; empty when the log gives no comparable times."""
    clock = clock_of(case)
    chief = chief_pages(case)
    made = [*page_moments(case, chief, clock), *other_pages(case, chief, clock), *loose_errors(case, clock)]
    made += crash_moments(case, clock)
    return sorted(made, key=lambda moment: moment.time)


Clock = Callable[[Event], float | None]


def clock_of(case: Case) -> Clock:
    """printk time, or a wall clock where printk times are missing from what matters."""
    matter: list[Event] = [
        event for event in case.boot.events if isinstance(event, HardwareError | MemoryFailure | Crash)
    ]
    clocks: tuple[Clock, ...] = (attrgetter("time"), attrgetter("wall_time"), attrgetter("dial"))
    return next((clock for clock in clocks if all(clock(event) is not None for event in matter)), clocks[0])


def chief_pages(case: Case) -> list[PageHistory]:
    """The pages the story is about: those blamed, else those left open."""
    chosen = [page for page in case.pages if page.blamed] or [page for page in case.pages if page.open]
    return chosen[:2]


def page_events(case: Case, page: PageHistory) -> list[Event]:
    """Everything reported of a page, in the log's order."""
    ids = set(page.errors)
    errors = {id(error) for name, error in case.errors if name in ids}
    return [e for e in case.boot.events if id(e) in errors or (isinstance(e, MemoryFailure) and e.pfn == page.pfn)]


def page_moments(case: Case, pages: Iterable[PageHistory], clock: Clock) -> list[Moment]:
    """For each chief page: its first error record, and the kernel's verdict with the what-if that applies there."""
    made = []
    for page in pages:
        events = page_events(case, page)
        error = next((e for e in events if isinstance(e, HardwareError) and clock(e) is not None), None)
        verdicts = [e for e in events if isinstance(e, MemoryFailure) and e.result and clock(e) is not None]
        verdict = verdicts[-1] if verdicts else None
        if error:
            opens = None if verdict else exposure(page)
            made.append(moment(error, clock, visible(error.what, 60), tone="error", opens=opens))
        if verdict:
            label = f"page {page.pfn:#x}: {visible(verdict.result or '', 20)}"
            made.append(moment(verdict, clock, label, tone="error", flag=flag(case, page), opens=exposure(page)))
    return made


def exposure(page: PageHistory) -> str | None:
    """What an open page is: in use for certain only if memory_failure() gave up on it."""
    if not page.open:
        return None
    return "in use" if page.log_result in ("Ignored", "Failed") else "without recovery on record"


def flag(case: Case, page: PageHistory) -> str | None:
    """Where the merged sysctl would have stopped this machine."""
    entry = next((e for e in case.counterfactual if e.pfn == page.pfn and e.policy == "linux-7.3"), None)
    if entry is None or entry.would_panic == "no":
        return None
    if entry.actual:
        return "the panic sysctl stopped here"
    return "7.3 with the sysctl stops here" if entry.would_panic == "yes" else "7.3 with the sysctl: depends"


def other_pages(case: Case, chief: list[PageHistory], clock: Clock) -> list[Moment]:
    """The verdicts on the other pages, counted when they are many."""
    known = {page.pfn for page in chief}
    others = [e for e in case.boot.events if isinstance(e, MemoryFailure) and e.result and e.pfn not in known]
    timed = [event for event in others if clock(event) is not None]
    if len(timed) > SINGLE:
        return [moment(timed[0], clock, f"{words.plural(len(timed), 'verdict')} on other pages begin", tone="minor")]
    return [moment(e, clock, f"page {e.pfn or 0:#x}: {visible(e.result or '', 20)}", tone="minor") for e in timed]


def loose_errors(case: Case, clock: Clock) -> list[Moment]:
    """Errors that belong to no page: uncorrected ones singly while they are few, corrected ones as one storm."""
    told = {name for page in case.pages for name in page.errors} | case.copies.keys()
    loose = [error for name, error in case.errors if name not in told and clock(error) is not None]
    bad = [error for error in loose if error.severity != "corrected"]
    mild = [error for error in loose if error.severity == "corrected"]
    made = [moment(error, clock, visible(error.what, 60), tone="error") for error in bad[:SINGLE]]
    if len(bad) > SINGLE:
        made[-1] = moment(
            bad[SINGLE - 1], clock, f"{len(bad) - SINGLE + 1:,} more uncorrected errors from here", tone="error"
        )
    if mild:
        count = sum(error.count for error in mild)
        until = (clock(mild[-1]) or 0.0) - (clock(mild[0]) or 0.0)
        during = f" in {words.span(until)}" if len(mild) > 1 else ""
        made.append(moment(mild[0], clock, f"{words.plural(count, 'corrected error')}{during}", tone="minor"))
    return made


def crash_moments(case: Case, clock: Clock) -> list[Moment]:
    """The crash, and the panic that followed as a record of its own."""
    crash = case.crash
    if crash is None or clock(crash) is None:
        return []
    made = [moment(crash, clock, visible(crash.title, 90), tone="crash", closes=True)]
    later = [c for c in case.crashes if c.panicked and (clock(c) or 0.0) > (clock(crash) or 0.0)]
    return made + [moment(c, clock, visible(c.title, 90), tone="crash") for c in later[-1:]]


def moment(
    event: Event,
    clock: Clock,
    label: str,
    *,
    tone: str = "plain",
    flag: str | None = None,
    opens: str | None = None,
    closes: bool = False,
) -> Moment:
    """The event as a moment; its clock is printk's own, or the time of day."""
    time = clock(event)
    assert time is not None
    shown = words.clock(time) if time == event.time else words.date(event.wall_time, event.dial)
    return Moment(time=time, clock=shown, label=label, tone=tone, flag=flag, opens=opens, closes=closes)  # type: ignore[arg-type]
