"""A piece of work, and what makes several files one."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A directory with one of these holds one crash: kdump's core, pstore's records, sos's tree, abrt's problem.
CRASH_DIRECTORY = re.compile(
    r"vmcore(?:[-._].*)?|dump[.-](?:\d{8,14}|incomplete)(?:\.\w+)?|dmesg-[\w-]+-\d+(?:\.enc\.z)?|sos_commands|crash_function"
)
TOGETHER = 64  # files in one unit; more are no crash directory and no family of rotated logs


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of work: the paths to analyse together. `modified` is the latest modification in nanoseconds since
    1970."""

    name: str
    paths: tuple[str, ...]
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A path that cannot be looked at."""

    name: str
    reason: str


Found = Unit | Missing
