"""All that the rules look at, worked out once per boot: the crash, the errors, the pages and how they hang together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from triage.correlate import address, consumption, crashes, injection, pages, reports
from triage.correlate.address import Address, Guess
from triage.correlate.consumption import Consumption
from triage.correlate.copies import named_copies
from triage.correlate.pages import Setting, Track
from triage.correlate.shift import PageShift, infer
from triage.model import Boot, Crash, Event, HardwareError, Link, MemoryFailure, Notice

# How distributions name the architecture at the end of a kernel release: 6.12.9-cloud-amd64, 5.14.0-70.el9.x86_64.
ARCH_NAMES = {
    "amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64", "ppc64le": "ppc64", "ppc64el": "ppc64",
    "s390x": "s390x", "riscv64": "riscv64", "i686": "i386",
}  # fmt: skip
RELEASE_ARCH = re.compile(rf"[-.+_]({'|'.join(ARCH_NAMES)})\b")
WALL_CLOCKS = (attrgetter("wall_time"), attrgetter("dial"))
LEFTOVER = 5.0  # seconds; machine checks logged this early were left in the banks by the boot before


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One boot, prepared for judgement.

    `errors` have their ids, `copies` those that repeat another; `links` are all routes from the crash to a page.
    """

    boot: Boot
    events: tuple[Event, ...]
    crashes: tuple[Crash, ...]
    crash: Crash | None
    errors: tuple[tuple[str, HardwareError], ...]
    copies: dict[str, str]
    failures: tuple[MemoryFailure, ...]
    notices: tuple[Notice, ...]
    shift: PageShift
    arch: str | None
    kernel: str | None
    consumed: Consumption | None
    addresses: tuple[Address, ...]
    tracks: tuple[Track, ...]
    links: tuple[Link, ...]
    addressed: dict[int, list[Link]]
    guesses: tuple[Guess, ...]
    order: dict[int, int]

    def notice(self, what: str) -> Notice | None:
        """The first notice of a sort."""
        return next((notice for notice in self.notices if notice.what == what), None)

    def earlier(self, event: Event) -> bool:
        """Whether an event stands before the crash; true if there is none."""
        return self.crash is None or reports.stands_before(event, self.crash, self.order)

    def own_errors(self) -> list[HardwareError]:
        """The errors without those that another reporter tells too."""
        return [e for name, e in self.errors if name not in self.copies]

    def uncorrected(self) -> list[HardwareError]:
        """The uncorrected errors of this boot that stand before the crash (or tell of it)."""
        return [e for _, e in self.errors if reports.is_uncorrected(e) and not e.previous_boot and self.earlier(e)]

    def open_tracks(self) -> list[Track]:
        """Pages left in use at the crash, known before it."""
        return [track for track in self.tracks if track.page.open and not track.late]

    def tracks_of(self, pfns: Iterable[int]) -> list[Track]:
        """The histories of some pages."""
        wanted = set(pfns)
        return [track for track in self.tracks if track.page.pfn in wanted]

    def linked(self, track: Track) -> list[Link]:
        """The address routes to a page."""
        return self.addressed.get(track.page.pfn, [])

    def lag(self, track: Track) -> float | None:
        """Seconds from leaving the page open to the crash."""
        return lag(track, self.crash)


def build(boot: Boot) -> Scene:
    """The scene of a boot; every step's failure to find something is a None or an empty tuple."""
    capture = is_capture(boot)
    events = tuple(injection.marked(earlier_boot(event, capture) for event in boot.events))
    events, crash = with_crash(events, boot)
    found = tuple(event for event in events if isinstance(event, Crash))
    errors = tuple((f"e{n}", e) for n, e in enumerate((e for e in events if isinstance(e, HardwareError)), 1))
    arch, kernel = arch_of(boot, crash), kernel_of(boot, crash)
    shift = infer(boot, arch)
    order = {id(event): number for number, event in enumerate(events)}
    ids = {id(error): name for name, error in errors}
    setting = Setting(shift=shift, crash=crash, core=boot.core, kernel=kernel, order=order, ids=ids)
    tracks = pages.tracks(events, setting)
    consumed = consumption.of(crash, [error for _, error in errors if not error.previous_boot]) if crash else None
    where = tuple(address.addresses(crash, boot, consumed)) if crash else ()
    guesses, links = connect(crash, tracks, where, shift)
    return Scene(
        boot=boot,
        events=events,
        crashes=found,
        crash=crash,
        errors=errors,
        copies=named_copies(errors),
        failures=tuple(event for event in events if isinstance(event, MemoryFailure)),
        notices=tuple(event for event in events if isinstance(event, Notice)),
        shift=shift,
        arch=arch,
        kernel=kernel,
        consumed=consumed,
        addresses=where,
        tracks=tracks,
        links=links,
        addressed=by_page(links),
        guesses=guesses,
        order=order,
    )


def with_crash(events: tuple[Event, ...], boot: Boot) -> tuple[tuple[Event, ...], Crash | None]:
    """The events with the crash to explain as complete as the core and the rest of the log make it, and that crash."""
    found = [event for event in events if isinstance(event, Crash)]
    crash = crashes.choose(found) or mild_crash(found, events)
    if crash is None:
        lone = crashes.only_in_core(boot.core) if boot.core and not found else None
        return ((*events, lone), lone) if lone else (events, None)
    full = crashes.completed(crash, boot.core) if boot.core else crash
    check = consumption.machine_check(full, [e for e in events if isinstance(e, HardwareError)])
    full = crashes.at_symbol(full, check.detail.get("symbol")) if check else full
    full = replace(full, kernel=kernel_of(boot, full), arch=arch_of(boot, full))
    return tuple(full if event is crash else event for event in events), full


def mild_crash(found: Sequence[Crash], events: Iterable[Event]) -> Crash | None:
    """The first WARNING or the like, if the boot has nothing worse: no other crash and no uncorrected error."""
    if any(isinstance(e, HardwareError) and reports.is_uncorrected(e) and not e.previous_boot for e in events):
        return None
    if any(isinstance(e, MemoryFailure) and e.result in reports.STAYS_OPEN for e in events):
        return None
    return found[0] if found else None


def earlier_boot(event: Event, capture: bool) -> Event:
    """The event, marked as of the boot before where its place says so: leftover machine checks, a capture kernel's
    records."""
    if not isinstance(event, HardwareError) or event.previous_boot:
        return event
    leftover = bool(event.mca) and event.time is not None and event.time < LEFTOVER and not event.mca.get("mcgstatus")
    if leftover or capture:
        return replace(event, previous_boot=True)
    return event


def is_capture(boot: Boot) -> bool:
    """Whether the log is of a kdump capture kernel (elfcorehdr= on its command line)."""
    return any(
        isinstance(e, Notice) and (e.what == "capture-kernel" or (e.what == "cmdline" and "elfcorehdr=" in e.text))
        for e in boot.events
    )


def arch_of(boot: Boot, crash: Crash | None) -> str | None:
    """The architecture: the crash's, the core's, that of the release's name, else x86-64 if banks show."""
    if crash and crash.arch:
        return crash.arch
    if boot.core and boot.core.arch:
        return boot.core.arch
    told = next((e.arch for e in boot.events if isinstance(e, Crash) and e.arch), None)
    named = RELEASE_ARCH.search(kernel_of(boot, crash) or "")
    banks = any(isinstance(e, HardwareError) and "bank" in e.mca and "status" in e.mca for e in boot.events)
    return told or (ARCH_NAMES[named[1]] if named else None) or ("x86_64" if banks else None)


def kernel_of(boot: Boot, crash: Crash | None) -> str | None:
    """The kernel release: the crash's, the core's, else that of the boot banner or of another report."""
    if crash and crash.kernel:
        return crash.kernel
    if boot.core and boot.core.kernel:
        return boot.core.kernel
    return reports.release(boot.events)


def lag(track: Track, crash: Crash | None) -> float | None:
    """Seconds from leaving the page open to the crash, None if a time is missing or the page came later."""
    if crash is None:
        return None
    since, died = track.since, crash.time
    for clock in WALL_CLOCKS:
        if since is None or died is None:
            since, died = track.since_by(clock), clock(crash)
    return None if since is None or died is None or since > died else round(died - since, 6)


def by_page(links: Iterable[Link]) -> dict[int, list[Link]]:
    """The address routes of each page."""
    found: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        if link.match != "time":
            found[link.pfn].append(link)
    return found


def connect(
    crash: Crash | None, tracks: Sequence[Track], where: Sequence[Address], shift: PageShift
) -> tuple[tuple[Guess, ...], tuple[Link, ...]]:
    """All routes from the crash to the pages: by address, by inferred address, by time."""
    if crash is None:
        return (), ()
    guesses: list[Guess] = []
    links: list[Link] = []
    for track in tracks:
        span = lag(track, crash)
        found = list(address.sure_links(track, where, shift, span))
        fit = None if found or track.earlier_boot else address.guess(track, where, crash, shift)
        if fit is not None:
            guesses.append(fit)
            found = list(address.guessed_links(fit, shift, span))
        if not found and not track.late and track.page.open:
            found = [Link(pfn=track.page.pfn, match="time", lag_seconds=span)]
        links += found
    return tuple(guesses), tuple(links)
