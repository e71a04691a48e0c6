"""What makes two cases one crash: the keys under which it is known, whatever it arrived as.

The same crash comes as a vmcore, its vmcore-dmesg, pstore records, a serial console's log and netconsole's. All of
them carry the first
line of the crash with the kernel's time in microseconds; names of hosts (an address there, a name here) and lost lines
differ.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping

from triage.model import Boot, Case, Crash, HardwareError

ERRORS = 2  # uncorrected errors by which a boot is known: a log that was cut may have lost its crash
NAMELESS = ("localhost", "(none)")
CLOCK = "clock "  # how the keys begin that tell host and wall clock
SKEW = 5.0  # seconds between the clocks of two copies of a crash
CLOCK_SET = 946684800.0  # 2000: a clock that was never set says 1970
PLENTY = 8  # registers that make a crash without times recognisable


def of_content(parts: Iterable[str]) -> str:
    """One identity of several, whatever their order."""
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def keys(boot: Boot, case: Case | None) -> tuple[str, ...]:
    """Under which a boot's crashes and errors are known; empty if nothing tells them from those of another boot."""
    crashes = case.crashes if case else ()
    found = [key for crash in crashes if (key := of_crash(crash))]
    found += [key for crash in crashes if (key := of_moment(crash, boot.host))]
    found += [key for crash in crashes for key in of_clock(crash, boot.host)]
    errors = [error for _, error in case.errors if not error.previous_boot] if case else []
    found += [key for error in errors if error.severity != "corrected" and (key := of_error(error))][:ERRORS]
    if boot.boot_id:
        found.append(f"boot {boot.boot_id.replace('-', '').lower()}")
    return tuple(dict.fromkeys(found))


def of_crash(crash: Crash) -> str | None:
    """First line, time and process of a crash; without a time its registers, without those None."""
    if not crash.header:
        return None
    head = " ".join(crash.header[0].split())
    if crash.time is not None and crash.time > 0:
        return digest("crash", head, f"{crash.time:.6f}")
    if len(crash.registers) >= PLENTY:
        return digest("crash", head, str(crash.pid), repr(sorted(crash.registers.items())))
    return None


def is_nameless(host: str) -> bool:
    """Whether a host's name is one that any may have."""
    return not host or host in NAMELESS


def of_clock(crash: Crash, host: str | None) -> tuple[str, ...]:
    """Host and wall clock of a crash, for copies without kernel times: two whose clocks differ by no more than SKEW
    share one of these keys. They hold only where one of the two has no kernel time."""
    if host is None or is_nameless(host) or crash.wall_time is None or crash.wall_time < CLOCK_SET:
        return ()
    slot = crash.wall_time / (2 * SKEW)
    return tuple(CLOCK + digest("clock", host.lower(), f"{math.floor(slot + shift)} {shift}") for shift in (0.0, 0.5))


def of_moment(crash: Crash, host: str | None) -> str | None:
    """Host and microsecond of a crash: a copy that was cut may have lost the rest of its first line."""
    if host is None or is_nameless(host) or crash.time is None or crash.time <= 0 or crash.time.is_integer():
        return None
    return digest("moment", host.lower(), f"{crash.time:.6f}")


def of_error(error: HardwareError) -> str | None:
    """Words, address and time of an error."""
    place = error.physical_address if error.physical_address is not None else error.page
    if error.time is None or place is None:
        return None
    return digest("error", error.what, f"{error.time:.6f}", f"{place:x}")


def digest(*parts: str) -> str:
    """A short name for the parts together; 96 bits, so that chance does not join two crashes of a million."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:24]


def joined(keyed: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Groups of names that hang together by a shared key, directly or through others; only those of two or more.

    keyed: name -> its keys.
    """
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            leader[name] = name = leader[leader[name]]
        return name

    first: dict[str, str] = {}
    for name, its in keyed.items():
        for key in its:
            leader[find(name)] = find(first.setdefault(key, name))
    groups: dict[str, list[str]] = defaultdict(list)
    for name in keyed:
        groups[find(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]
