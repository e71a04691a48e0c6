"""Merges the events of several logs of one boot by time, and drops the copies of one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from triage.model import Crash, Event, HardwareError, MemoryFailure, Notice


def signature(event: Event) -> tuple[object, ...]:
    """What a record says, apart from when and in which form of line: equal for two copies of one record."""
    match event:
        case HardwareError():
            what = (event.component, event.severity, event.what, event.sequence, event.section, event.device, event.cpu)
            where = (event.physical_address, event.page, event.page_offset, event.mca.get("status"), event.count)
            return (event.kind, *what, *where)
        case MemoryFailure():
            return (event.action, event.text)
        case Crash():
            return (event.kind, event.header[:1] or event.title, event.task, event.pid, event.cpu)
        case Notice():
            return (event.what, event.text)
    return (event.kind, *(text for _, text in event.lines))


def telling(event: Event) -> bool:
    """Whether a record is special enough to recognise a boot by: it names an address, a page, a register or a crash."""
    match event:
        case HardwareError():
            return event.physical_address is not None or bool(event.page) or "status" in event.mca
        case MemoryFailure():
            return event.pfn is not None
        case Crash():
            return event.pid is not None
    return False


def ordered(logs: Sequence[Sequence[Event]]) -> tuple[Event, ...]:
    """The events of one boot in time order, each record once: the most complete copy.

    An event without a time stays behind its predecessor in its own log.
    """
    timed = clocked(logs)
    entries: list[tuple[float, int, int, Event]] = []
    for number, log in enumerate(timed):
        now = float("-inf")
        for place, event in enumerate(log):
            now = event.time if event.time is not None else now
            entries.append((now, number, place, event))
    entries.sort(key=lambda entry: entry[:3])
    return tuple(once([(number, event) for _, number, _, event in entries]))


def clocked(logs: Sequence[Sequence[Event]]) -> list[list[Event]]:
    """The logs with printk times in those that have only a wall clock, from records that both hold."""
    known = {
        signature(e): e.time for log in logs for e in log if e.time is not None and (telling(e) or isinstance(e, Crash))
    }
    found: list[list[Event]] = []
    for log in logs:
        if any(event.time is not None for event in log):
            found.append(list(log))
            continue
        pairs = [(known[s], e) for e in log if e.wall_time is not None and (s := signature(e)) in known]
        offsets = [time - event.wall_time for time, event in pairs if time is not None and event.wall_time is not None]
        shift = median(offsets) if offsets else None
        found.append([timed(event, known.get(signature(event)), shift) for event in log])
    return found


def timed(event: Event, exact: float | None, shift: float | None) -> Event:
    """The event with the time of its copy, else of its wall clock shifted."""
    if exact is not None:
        return replace(event, time=exact)
    if shift is not None and event.wall_time is not None:
        return replace(event, time=event.wall_time + shift)
    return event


def once(entries: Sequence[tuple[int, Event]]) -> list[Event]:
    """The events without copies: the same record at the same time, or without time in another log."""
    kept: list[Event] = []
    places: dict[tuple[object, ...], tuple[int, int]] = {}
    for log, event in entries:
        key = (event.time, signature(event))
        seen = places.get(key)
        if seen is None or not is_copy(log, event, seen[1]):
            places[key] = (len(kept), log)
            kept.append(event)
        elif richness(event) > richness(kept[seen[0]]):
            kept[seen[0]] = event
    return kept


def is_copy(log: int, event: Event, other: int) -> bool:
    """Whether the same words at the same time are one record: in two logs always, in one log if the time is exact."""
    return log != other or (event.time is not None and event.time % 1 != 0)


def richness(event: Event) -> tuple[int, int]:
    """How complete a copy is."""
    return -len(event.missing), sum(len(text) for _, text in event.lines)
