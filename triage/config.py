"""The bounds within which one run stays, and what a user may set."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

_NUMBER = re.compile(r"(?P<number>\d{1,18})(?P<unit>[KMG]?)")
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on the work for what a user names; whatever came before a bound was met is still analysed, and it is told.

    All but `memory` are of one named input, of one log in it where that is said.
    """

    bytes: int = 4 << 30  # unpacked, of all members together
    ratio: int = 1000  # unpacked bytes to packed ones, looked at from 64 MiB on
    members: int = 100_000  # files in one archive or directory
    depth: int = 6  # layers: a .tar.gz has two, a .gz in a tar in it two more
    seconds: float = 300.0  # of unpacking
    lines: int = 20_000_000  # of one log, of those near anchors, which are all that is looked at: about 5 minutes
    events: int = 1_000_000  # of one log
    memory: int = 8 << 30  # bytes that the process may allocate while it reads


def limits(words: Iterable[str]) -> Limits:
    """Limits by name, others as they are: `bytes=8G`, `members=1000`; ValueError says what is wrong with a word."""
    known, changed = {field.name for field in fields(Limits)}, dict[str, int]()
    for word in words:
        name, _, value = word.partition("=")
        number = _NUMBER.fullmatch(value)
        if name not in known or number is None:
            raise ValueError(f"{word!r} is not NAME=NUMBER[K|M|G] with a name of {', '.join(sorted(known))}")
        changed[name] = int(number["number"]) * _UNITS[number["unit"]]
    return replace(Limits(), **changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of one analysis, as the command line or a caller gives them."""

    vmlinux: str | None = None  # debug information for cores, build id checked
    debug_dirs: tuple[str, ...] = ()
    debuginfod: bool = False  # fetch it from the servers in DEBUGINFOD_URLS even where a core has types of its own
    minicore: str | None = None  # where to write the pages that the analysis of a core read
    core_timeout: float = 60.0  # seconds of wall time for one core
    processes: int = 1  # that may read one large log at a time
    limits: Limits = Limits()


def processors() -> int:
    """How many processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
