"""Every record of the fixtures, in each form of prefix and after what happens to logs on their way: the same events."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.prefix_forms import FORMS
from tests.logs.samples import FOLDER, Sample
from triage.inputs import LogText
from triage.logs.parse import Parser
from triage.logs.prefix import split
from triage.model import Crash, Event, HardwareError, MemoryFailure, Notice

SAMPLES = {path.stem: Sample.read(path).log for path in sorted(FOLDER.glob("*.log"))}
# Wrapped on purpose, so that the form decides what belongs together; prose, which is none behind a clock.
WRAPPED = {"ghes-wrapped", "edac-families", "oops-wrapped", "bug-prose"}
PLAIN = {
    name: [split(line).body for line in log.decode("utf-8", "replace").splitlines()]
    for name, log in SAMPLES.items()
    if name not in WRAPPED and not any(split(line).caller for line in log.decode("utf-8", "replace").splitlines())
}
CUT_STAMP = "70.471011] "  # only the first line of a log can begin so


def parse(log: bytes) -> list[Event]:
    return [event for event in Parser(LogText("sample", log)).events() if not isinstance(event, Notice)]


def said(event: Event) -> Hashable:
    """What an event says, without when and where it was said."""
    match event:
        case HardwareError():
            error: Any = event
            return error.component, error.severity, error.what, error.physical_address, error.page, error.device
        case MemoryFailure():
            return event.action, event.pfn, event.label, event.result, event.task, event.pid
        case Crash():
            return event.type, event.title, event.task, event.pid, event.panic, event.corrupted
    return event.kind


def told(log: bytes) -> Counter[Hashable]:
    return Counter(map(said, parse(log)))


def prefixed(bodies: list[str], prefix: str) -> bytes:
    return "".join(f"{prefix}{body}\n" for body in bodies).encode()


@pytest.mark.parametrize("name", PLAIN)
def test_the_form_of_the_prefix_changes_nothing(name: str) -> None:
    whole = told(prefixed(PLAIN[name], "[   70.471011] "))
    for form in FORMS:
        if form.text != CUT_STAMP:
            assert told(prefixed(PLAIN[name], form.text)) == whole, form.writer


def each(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda log: b"\n".join(change(line) for line in log.split(b"\n"))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "carriage returns": each(lambda line: line + b"\r"),
    "doubled carriage returns": each(lambda line: line + b"\r\r"),
    "carriage returns in writing": each(lambda line: line + b"^M"),
    "colour": each(lambda line: b"\x1b[1;31m" + line + b"\x1b[0m"),
    "quoted in mail": each(lambda line: b"> " + line),
    "quoted twice": each(lambda line: b">> " + line),
    "a level inside": lambda log: re.sub(rb"(?m)^(\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? )", rb"\1<4>", log),
    "blanks behind": each(lambda line: line + b"  \t"),
    "NULs": each(lambda line: b"\0\0\0" + line),
    "a byte order mark": lambda log: b"\xef\xbb\xbf" + log,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_transports_do_to_lines_changes_nothing(damage: str) -> None:
    for name, log in SAMPLES.items():
        assert told(DAMAGE[damage](log)) == told(log), name


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - WRAPPED))
def test_bytes_of_a_serial_line_between_the_lines_are_in_no_event(name: str) -> None:
    noise = bytes(range(0x90, 0x9C))
    log = SAMPLES[name]
    assert told(log.replace(b"\n", b"\n" + noise + b"\n")) == told(log)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_replayed_console_tells_nothing_new(name: str) -> None:
    log = SAMPLES[name]
    twice = parse(log.rstrip(b"\n") + b"\n" + log)
    assert set(map(said, twice)) == set(told(log))


def numbers(event: Event) -> set[int]:
    """Addresses and frame numbers that an event claims."""
    found: set[int | None] = set()
    if isinstance(event, HardwareError):
        found = {event.physical_address, event.page}
    elif isinstance(event, MemoryFailure):
        found = {event.pfn}
    return {number for number in found if number is not None}


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_lost_lines_invent_no_address_and_no_crash(name: str, data: st.DataObject) -> None:
    lines = SAMPLES[name].split(b"\n")
    lost = data.draw(st.sets(st.integers(0, len(lines) - 1), max_size=len(lines) // 3))
    whole, part = parse(b"\n".join(lines)), parse(b"\n".join(x for at, x in enumerate(lines) if at not in lost))
    assert {n for event in part for n in numbers(event)} <= {n for event in whole for n in numbers(event)}
    if not any(isinstance(event, Crash) for event in whole):
        assert not any(isinstance(event, Crash) for event in part)
