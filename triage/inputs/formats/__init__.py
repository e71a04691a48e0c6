"""Formats that are not plain log text, turned into it; one module is one format, found by being there.

A module has NAME, `sniff(head: bytes, data: Buffer) -> bool` (head: its first 64 KiB) and `convert(data: Buffer)`, that
yields Line or Lost. Each line comes with the number of the line it stands in, and with the host and boot where the
format tells them: each boot becomes a log of its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from triage import registry
from triage.inputs.buffers import Buffer, Spool

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LINE_MAX = 1 << 20  # bytes of one line or field that is still decoded
LOGS_MAX = 10_000  # boots in one file
CONVERTED_MAX = 1 << 30  # characters of all lines


class Line(NamedTuple):
    """One message as the kernel's console would show it."""

    text: str
    number: int  # line of the original file, from 1
    boot_id: str | None = None
    host: str | None = None


class Lost(NamedTuple):
    """Something of the original that did not make it, and why."""

    reason: str


@dataclass(slots=True)
class Log:
    """The lines of one boot of one host."""

    boot_id: str | None
    host: str | None
    data: Spool = field(default_factory=Spool)
    numbers: array[int] = field(default_factory=lambda: array("Q"))


def recognise(head: bytes, data: Buffer) -> Any:
    """The module of the format that a file begins with, None for plain text."""
    return next((module for module in registry.modules("triage.inputs.formats") if module.sniff(head, data)), None)


def collect(items: Iterable[Line | Lost]) -> tuple[list[Log], list[str]]:
    """What a format's `convert` yields as logs, one a boot, and what was lost."""
    logs, lost, size = dict[tuple[str | None, str | None], Log](), dict[str, int](), 0
    for item in items:
        if isinstance(item, Lost):
            lost[item.reason] = lost.get(item.reason, 0) + 1
            continue
        key = item.boot_id, item.host
        log = logs.setdefault(key, Log(*key))
        for text in item.text.split("\n"):
            log.data.add(text.encode("utf-8", "replace") + b"\n")
            log.numbers.append(item.number)
        size += len(item.text)
        if size > CONVERTED_MAX or len(logs) > LOGS_MAX:
            lost["over the limit; the entries before that are analysed"] = 1
            break
    return list(logs.values()), [f"{reason} ({count})" if count > 1 else reason for reason, count in lost.items()]


def render(
    text: str,
    *,
    time: float | None = None,
    wall: float | None = None,
    host: str | None = None,
    caller: str | None = None,
    level: int | None = None,
) -> str:
    """A message with the prefix that syslog would have given it.

    `<4>2026-11-23T02:11:47.123456+00:00 db7 kernel: [   70.471011][   T12] text`; printk seconds, Unix seconds; what is
    unknown is left out. Each line of a text of several has the prefix.
    """
    prefix = f"<{level}>" if level is not None else ""
    if wall is not None:
        tag = f"{host} kernel: " if host else ""
        prefix += f"{(EPOCH + timedelta(seconds=wall)).isoformat(timespec='microseconds')} {tag}"
    if time is not None:
        prefix += f"[{time:12.6f}]" + (f"[{caller:>6}]" if caller else "") + " "
    return "\n".join(prefix + line for line in text.rstrip("\n").split("\n"))


def lines(data: Buffer) -> Iterator[tuple[bytes, int]]:
    """(line, number) of each line of a buffer; of an endless one the first mebibyte."""
    at, number, size = 0, 1, len(data)
    while at < size:
        stop = data.find(b"\n", at)
        stop = size if stop < 0 else stop
        yield data[at : min(stop, at + LINE_MAX)], number
        at, number = stop + 1, number + 1


def integer(value: object) -> int | None:
    """A decimal number out of a field, None if it is none."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def seconds(microseconds: object) -> float | None:
    """Seconds of a field in microseconds; None if it is none, or beyond the year 9999."""
    value = integer(microseconds)
    return value / 1_000_000 if value is not None and value < 253402300799000000 else None
