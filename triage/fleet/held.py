"""A whole case as bytes for the store, and back: what a report of it needs, raw lines included (MessagePack, typed).

Each event stands once: the case's crashes and errors are places in the list of its boot's events. Nothing but the
classes of `triage.model` comes out of the bytes, whoever wrote them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import msgspec

from triage.errors import TriageError
from triage.model import Case, Crash, Event, HardwareError, MemoryFailure, Notice
from triage.report.escape import unicode
from triage.report.lines import shown_lines

MANY = 500  # events; of more, only those that a report shows keep their lines
BITS = (1 << 64) - 1


@dataclass(slots=True)
class Held:
    """A case without its events, the events by class, and where in the boot and in the case each of them belongs."""

    case: Case
    hardware: list[HardwareError]
    failures: list[MemoryFailure]
    crashes: list[Crash]
    notices: list[Notice]
    order: list[tuple[int, int]]  # (class, place in its list) of each event of the boot
    crash: int | None  # in `crashes`, like the next
    told: list[int]
    errors: list[tuple[str, int]]  # (id, place in `hardware`)


WRITER, READER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(Held)


class Pool:
    """Events by class, each once."""

    def __init__(self) -> None:
        self.lists: tuple[list[HardwareError], list[MemoryFailure], list[Crash], list[Notice]] = ([], [], [], [])
        self.places: dict[int, tuple[int, int]] = {}

    def put(self, event: Event) -> tuple[int, int]:
        """Where the event stands."""
        if id(event) not in self.places:
            number = next(
                n for n, form in enumerate((HardwareError, MemoryFailure, Crash, Notice)) if type(event) is form
            )
            mine: list[Any] = self.lists[number]
            self.places[id(event)] = number, len(mine)
            mine.append(event)
        return self.places[id(event)]


def packed(case: Case) -> bytes:
    """The case as bytes."""
    if len(case.boot.events) > MANY:
        case = lightened(case)
    held = taken_apart(case)
    try:
        return WRITER.encode(held)
    except (ValueError, OverflowError):  # a text or a number that no encoder takes; rare, so looked for only then
        return WRITER.encode(clean(held))


def unpacked(data: bytes, changed: Callable[[Held], Held] = lambda held: held) -> Case:
    """The case that was packed, `changed` on the way; raises TriageError for bytes that are none."""
    try:
        return put_together(changed(READER.decode(data)))
    except (msgspec.DecodeError, msgspec.ValidationError, IndexError) as error:
        raise TriageError(f"a damaged case: {error}") from None


def taken_apart(case: Case) -> Held:
    """The case in the form that is written; of a core, without the log, which no report shows."""
    pool = Pool()
    order = [pool.put(event) for event in case.boot.events]
    crash = pool.put(case.crash)[1] if case.crash else None
    told = [pool.put(one)[1] for one in case.crashes]
    errors = [(name, pool.put(error)[1]) for name, error in case.errors]
    core = replace(case.boot.core, log=None) if case.boot.core else None
    bare = replace(case, crash=None, crashes=(), errors=(), boot=replace(case.boot, events=(), core=core))
    return Held(bare, *pool.lists, order, crash, told, errors)


def put_together(held: Held) -> Case:
    """The case out of that form."""
    lists: tuple[list[Any], ...] = held.hardware, held.failures, held.crashes, held.notices
    return replace(
        held.case,
        boot=replace(held.case.boot, events=tuple(lists[form][place] for form, place in held.order)),
        crash=None if held.crash is None else held.crashes[held.crash],
        crashes=tuple(held.crashes[place] for place in held.told),
        errors=tuple((name, held.hardware[place]) for name, place in held.errors),
    )


def lightened(case: Case) -> Case:
    """The case without the lines that no report shows: a storm has thousands of them."""
    shown = shown_lines(case)
    lighter: dict[int, Event] = {}

    def light(event: Event) -> Any:
        kept = isinstance(event, Crash) or any((event.source, number) in shown for number, _ in event.lines)
        return lighter.setdefault(id(event), event if kept else replace(event, lines=()))

    return replace(
        case,
        boot=replace(case.boot, events=tuple(light(event) for event in case.boot.events)),
        errors=tuple((name, light(error)) for name, error in case.errors),
    )


def clean(value: Any) -> Any:
    """The value with every text and every number such that it can be written."""
    if isinstance(value, str):
        return unicode(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(BITS >> 1) <= value <= BITS else value & BITS
    if isinstance(value, dict):
        return {clean(key): clean(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)([clean(part) for part in value])
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: clean(getattr(value, f.name)) for f in fields(value) if f.init})
    return value
