"""Sorts the events of all inputs into boots: several boots in one log are told apart, several logs of one boot are
joined.

Two logs are of one boot if they carry the same boot id, share a record with the same printk time, agree on when the
boot began, or (for logs with wall clock only) share a record that is not everyday, or are parts of one rotated log
with no banner between them. When that is not sure they are kept apart, with a note.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from typing import Literal

from triage.correlate.merge import ordered, signature, telling
from triage.correlate.reports import release
from triage.inputs import rotation
from triage.model import Boot, CoreFacts, Crash, Event, Note, Notice, Source

FALLS_BACK = 30.0  # seconds; printk time never goes back that far within a boot
PLAUSIBLE = 1e9  # seconds; no machine is up for thirty years
EARLY = 5.0  # seconds of uptime in which a boot banner stands
FEW = 4  # logs that are probably meant to be of one boot; an archive's are not
EPOCH_SLACK = 3.0  # seconds by which two estimates of when a boot began may differ,
DRIFT = 5e-5  # and more by so much of the time between them: nobody sets printk's clock right
DRIFT_MAX = 20.0  # seconds; a boot after a crash takes longer
NO_NAME = {"localhost", "(none)", "localhost.localdomain", ""}


@dataclass(frozen=True, slots=True)
class LogEvents:
    """The events of one log, as its parser gave them."""

    source: Source
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Epoch:
    """When a boot began, by an event that has both clocks."""

    clock: str  # "wall_time", or "dial" where that has no year
    began: float
    uptime: float

    @classmethod
    def of(cls, event: Event) -> Epoch | None:
        """None for an event that lacks one of the clocks."""
        if event.time is None:
            return None
        if event.wall_time is not None:
            return cls("wall_time", event.wall_time - event.time, event.time)
        return cls("dial", event.dial - event.time, event.time) if event.dial is not None else None

    def agrees(self, other: Epoch) -> bool:
        """Whether it can be the same boot's."""
        slack = min(EPOCH_SLACK + DRIFT * abs(self.uptime - other.uptime), DRIFT_MAX)
        return self.clock == other.clock and abs(self.began - other.began) <= slack


@dataclass(slots=True)
class Segment:
    """The part of one log that is one boot."""

    source: Source
    events: list[Event] = field(default_factory=list)
    host: str | None = None
    boot_id: str | None = None
    core: CoreFacts | None = None
    last: float | None = None
    banner: bool = False
    capture: bool = False
    next: Segment | None = None

    @property
    def kernel(self) -> str | None:
        """The kernel release that the segment names."""
        if self.core and self.core.kernel:
            return self.core.kernel
        return release(self.events)

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """When the boot began by the first and the last event that has both clocks; () if none has."""
        ends = (next(filter(None, map(Epoch.of, events)), None) for events in (self.events, reversed(self.events)))
        return tuple(filter(None, ends))


def group(logs: Sequence[LogEvents], cores: Sequence[CoreFacts] = ()) -> list[Boot]:
    """All boots of the inputs, in time order; every input of one boot goes into one."""
    segments = [segment for log in oldest_first(logs) for segment in split(log)]
    for core in cores:
        attach(core, segments)
    parts = joined(segments)
    parts, notes = adopt_core(parts)
    few = 1 < len({segment.source for segment in segments}) <= FEW
    found = [boot(part, notes.get(id(part), ()), say_apart=few) for part in parts]
    starts = [began(one) for one in found]
    return found if None in starts else sorted(found, key=lambda one: began(one) or 0.0)


def began(found: Boot) -> float | None:
    """When a boot was first heard of, Unix seconds. If one boot does not know, all keep the order of the inputs."""
    return next((event.wall_time for event in found.events if event.wall_time is not None), None)


def oldest_first(logs: Sequence[LogEvents]) -> list[LogEvents]:
    """The logs in the order given, but the parts of a rotated one by age."""
    parts = [rotation.part(log.source.path) for log in logs]
    places: dict[str, int] = {}
    for place, part in enumerate(parts):
        places.setdefault(part.family, place)
    return [logs[i] for i in sorted(range(len(logs)), key=lambda i: (places[parts[i].family], parts[i]))]


# ---------------------------------------------------------------- one log


def name_of(host: str | None) -> str | None:
    """A host's name without its domain; None for what a machine calls itself before it has one."""
    return None if host is None or host in NO_NAME else host.split(".")[0].lower()


def split(log: LogEvents) -> list[Segment]:
    """The boots of one log, in the order in which they begin."""
    segments: list[Segment] = []
    current: dict[str | None, Segment] = {}
    for event in sorted(log.events, key=lambda event: event.first_line):
        host = name_of(event.host or log.source.host)
        segment = current.get(host) or (segments[-1] if segments and host is None else None)
        if segment is None or is_new(event, segment):
            begun = Segment(source=log.source, host=host, boot_id=event.boot_id or log.source.boot)
            segments.append(begun)
            if segment is not None:
                segment.next = begun
            segment = begun
        current[host] = segment
        add(event, segment, len(segments) - 1)
    return segments or [Segment(source=log.source, host=name_of(log.source.host), boot_id=log.source.boot)]


def is_new(event: Event, segment: Segment) -> bool:
    """Whether an event begins another boot: other boot id, a banner, or a time that fell back far."""
    if event.boot_id and segment.boot_id and event.boot_id != segment.boot_id:
        return True
    if isinstance(event, Notice) and event.what == "boot" and (event.time is None or event.time < EARLY):
        return (
            segment.banner
            or (segment.last or 0.0) > EARLY
            or (segment.last is None and event.time is None and bool(segment.events))
        )
    return has_clock(event) and segment.last is not None and (event.time or 0.0) < segment.last - FALLS_BACK


def has_clock(event: Event) -> bool:
    """Whether an event has a time that can be: a CPU that dies may print one of centuries."""
    return event.time is not None and event.time < PLAUSIBLE


def add(event: Event, segment: Segment, number: int) -> None:
    """Put an event into its segment."""
    segment.events.append(replace(event, boot=number) if number and event.boot != number else event)
    segment.boot_id = segment.boot_id or event.boot_id
    if isinstance(event, Notice):
        segment.banner = segment.banner or event.what == "boot"
        segment.capture = segment.capture or event.what == "capture-kernel"
    if has_clock(event):
        segment.last = max(segment.last or 0.0, event.time or 0.0)


# ---------------------------------------------------------------- several logs


def attach(core: CoreFacts, segments: list[Segment]) -> None:
    """Give a core to the last boot of its own log, or a segment of its own if it has no log."""
    own = [segment for segment in segments if segment.source.path == core.path and segment.core is None]
    if own:
        own[-1].core = core
        own[-1].host = own[-1].host or name_of(core.host)
        own[-1].source = replace(own[-1].source, kind="core")
    else:
        source = Source(path=core.path, kind="core", host=core.host, format=core.format)
        segments.append(Segment(source=source, host=name_of(core.host), core=core))


def joined(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Segments that are one boot, together."""
    if len(segments) < 2:
        return [[segment] for segment in segments]
    parent = list(range(len(segments)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for keys in (joint(segments) for joint in (boot_ids, shared_records, epochs, rotated, shared_words)):
        for members in keys:
            first = root(members[0])
            for i in members[1:]:
                if may_join(segments[members[0]], segments[i]):
                    parent[root(i)] = first
                    first = root(first)
    parts: dict[int, list[Segment]] = defaultdict(list)
    for i, segment in enumerate(segments):
        parts[root(i)].append(segment)
    return list(parts.values())


def may_join(a: Segment, b: Segment) -> bool:
    """Whether nothing speaks against two segments being one boot."""
    pairs = ((a.host, b.host), (a.boot_id, b.boot_id), (a.kernel, b.kernel))
    cores = a.core is None or b.core is None or a.core is b.core
    return cores and all(x is None or y is None or x == y for x, y in pairs)


def boot_ids(segments: Sequence[Segment]) -> Iterable[list[int]]:
    """Segments with the same boot id."""
    found: dict[str, list[int]] = defaultdict(list)
    for i, segment in enumerate(segments):
        if segment.boot_id:
            found[segment.boot_id].append(i)
    return found.values()


def shared_records(segments: Sequence[Segment]) -> Iterable[list[int]]:
    """Segments that hold the same record at the same printk time (to the microsecond: no accident)."""
    found: dict[object, list[int]] = defaultdict(list)
    for i, segment in enumerate(segments):
        for key in {(event.time, signature(event)) for event in segment.events if (event.time or 0.0) > 1.0}:
            found[key].append(i)
    return found.values()


def epochs(segments: Sequence[Segment]) -> Iterable[list[int]]:
    """Segments of the same named host that agree on when the boot began, by those events that are nearest in time."""
    ends = [segment.epochs for segment in segments]
    known = sorted(
        (s.host, ends[i][0].clock, ends[i][0].began, i) for i, s in enumerate(segments) if s.host and ends[i]
    )
    for (host, *_, first), (other, *_, second) in pairwise(known):
        near = min(product(ends[first], ends[second]), key=lambda pair: abs(pair[0].uptime - pair[1].uptime))
        if host == other and near[0].agrees(near[1]):
            yield [first, second]


def rotated(segments: Sequence[Segment]) -> Iterable[list[int]]:
    """Segments without printk time of one named host that go on in the next part of a rotated log, without a banner.

    messages-20261122   Nov 22 03:09:41 node17 kernel: Memory failure: 0x40272d: unhandlable page.
    messages            Nov 22 03:10:48 node17 kernel: Internal error: synchronous external abort: 96000410 [#1] SMP
    """
    parts = [rotation.part(segment.source.path) for segment in segments]
    present = set(parts)
    told = sorted((s.host, parts[i], i) for i, s in enumerate(segments) if s.host and s.events)
    for (host, older, i), (other, newer, j) in pairwise(told):
        alike = host == other and older.family == newer.family and older != newer
        if alike and newer.follows(older, present) and goes_on(segments[i], segments[j]):
            yield [i, j]


def goes_on(older: Segment, newer: Segment) -> bool:
    """Whether a log by the wall clock alone goes on in another."""
    if newer.banner or older.last is not None or newer.last is not None:
        return False
    before, behind = older.events[-1], newer.events[0]
    if before.wall_time is not None and behind.wall_time is not None:
        return before.wall_time <= behind.wall_time
    return before.dial is not None and behind.dial is not None and before.dial <= behind.dial


def shared_words(segments: Sequence[Segment]) -> Iterable[list[int]]:
    """Segments without printk time and those that hold the same telling record (an address, a page, a crash).

    Of more than two, those of one named host that agree on the wall clock: the page may have failed in other boots too.
    """
    found: dict[object, dict[int, float | None]] = defaultdict(dict)
    for i, segment in enumerate(segments):
        for event in segment.events:
            if telling(event):
                found[signature(event)].setdefault(i, event.wall_time)
    for members in found.values():
        if len(members) == 2 and any(segments[i].last is None for i in members):
            yield list(members)
        elif len(members) > 2:
            yield from agreed(segments, members)


def agreed(segments: Sequence[Segment], members: dict[int, float | None]) -> Iterable[list[int]]:
    """Of each named host the segments in which a record has the same wall clock; one whose clock has no year belongs
    to them if all others are one boot.
    """
    hosts: dict[str, list[int]] = defaultdict(list)
    for i in members:
        if (host := segments[i].host) is not None:
            hosts[host].append(i)
    for those in hosts.values():
        known = sorted((wall, i) for i in those if (wall := members[i]) is not None)
        pairs = [[a[1], b[1]] for a, b in pairwise(known) if b[0] - a[0] <= EPOCH_SLACK]
        yield from pairs
        if len(pairs) == len(known) - 1:
            yield those


# ---------------------------------------------------------------- a core and a log without a name


def adopt_core(parts: list[list[Segment]]) -> tuple[list[list[Segment]], dict[int, tuple[Note, ...]]]:
    """Join the one core of a run with the one log beside it, if both agree; else keep them apart and say so."""
    cores = [part for part in parts if any(segment.core for segment in part)]
    others = [part for part in parts if part not in cores]
    if len(cores) != 1 or len(others) != 1 or not others[0][0].events:
        return parts, {}
    reason = disagreement(cores[0], others[0])
    if reason is None:
        return [[*cores[0], *others[0]]], {}
    note = Note(text=f"Kept apart from the core given with it: {reason}.", source=others[0][0].source.path)
    return parts, {id(others[0]): (note,)}


def disagreement(core: list[Segment], log: list[Segment]) -> str | None:
    """Why a core and a log cannot be of one boot; None if they agree."""
    if any(not may_join(a, b) for a in core for b in log):
        return "host, boot id or kernel differ"
    ours, theirs = [e for s in core for e in s.events], [e for s in log for e in s.events]
    function = next((s.core.crash.get("function") for s in core if s.core), None)
    named = [e.function for e in theirs if isinstance(e, Crash) and e.function]
    times = [e.time for e in ours if e.time is not None]
    late = [e for e in theirs if e.time is not None and times and e.time >= min(times)]
    if late:
        return "their times overlap and they share no record"
    if function and named and function not in named:
        return f"the core crashed in {function}, the log in {named[-1]}"
    return None


def boot(part: Sequence[Segment], notes: Sequence[Note], say_apart: bool) -> Boot:
    """One boot out of its segments."""
    sources = tuple(dict.fromkeys(segment.source for segment in part))
    unsure = say_apart and len(part) == 1 and part[0].host is None and part[0].boot_id is None and part[0].events
    apart = (
        Note(text="No record in common with the other inputs: taken as a boot of its own.", source=sources[0].path),
    )
    return Boot(
        events=ordered([segment.events for segment in part]),
        core=next((segment.core for segment in part if segment.core), None),
        host=next((segment.host for segment in part if segment.host), None),
        boot_id=next((segment.boot_id for segment in part if segment.boot_id), None),
        sources=tuple(told(source, part) for source in sources),
        notes=tuple(notes) or (apart if unsure else ()),
        followed_by=follower(part),
    )


def told(source: Source, part: Sequence[Segment]) -> Source:
    """The source with the host and the boot id that its lines name, where nothing else did."""
    own = [segment for segment in part if segment.source is source or segment.source == source]
    host = source.host or next((segment.host for segment in own if segment.host), None)
    return replace(source, host=host, boot=source.boot or next((s.boot_id for s in own if s.boot_id), None))


def follower(part: Sequence[Segment]) -> Literal["boot", "capture-kernel"] | None:
    """What begins in the same log after these segments; None where one of them stands last in its log."""
    after = [segment.next for segment in part if segment.events]
    if not after or any(segment is None or segment in part for segment in after):
        return None
    return "capture-kernel" if any(segment.capture for segment in after if segment) else "boot"
