"""What stands before a kernel message on its line, taken off by one pattern and kept as data (kernel-facts D)."""

from __future__ import annotations

import re
from typing import NamedTuple

WALL = (
    r"(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4})?"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
)
PREFIX = re.compile(
    rf"(?:[\s>|]+(?=\[ *\d+\.\d|<\d+>|\{{\d+\}}\[H|Memory |RIP: |pc : |CPU: |WARNING: |BUG: |Call |----|[A-Z][a-z]{{2}} [ \d]\d ))?"
    rf"(?:<(?P<level>\d+)>)?"
    rf"(?:(?P<wall>{WALL}) (?:(?P<host>\S+) kernel: ?)?)?"
    rf"(?:<\d+>)?"
    rf"(?:\[ *(?:(?P<time>\d+\.\d+)|(?P<human>[A-Z][a-z]{{2}} [A-Z][a-z]{{2}}[^\]]{{0,30}}))\]"
    rf"(?: ?\[ *(?P<caller>[TC]\d+)\])? ?)?"
    rf"(?P<body>.*)",
    re.S,
)


class Prefix(NamedTuple):
    """The parts of a line's prefix; absent parts are None."""

    body: str
    time: float | None = None  # printk seconds
    caller: str | None = None  # "T123" or "C0"
    level: int | None = None
    wall: str | None = None  # the wall clock as printed
    host: str | None = None
    boot_id: str | None = None


def split(line: str) -> Prefix:
    """Prefix and body of one line; spaces behind the prefix's own one belong to the body.

    `[   70.471011][    T1] Memory failure: 0x1: ...` gives body `Memory failure: 0x1: ...`, time 70.471011, caller `T1`.
    """
    match = PREFIX.match(line)
    assert match is not None
    level, wall, host, time, human, caller, body = match.group(
        "level", "wall", "host", "time", "human", "caller", "body"
    )
    return Prefix(body, float(time) if time else None, caller, int(level) if level else None, wall or human, host)
