"""The words and number formats of the reports, in one place for all forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from triage.model import Confidence, Event, PageHistory, Site
from triage.report.escape import visible

CAUSES = {
    "memory-error": "MEMORY ERROR",
    "other-hardware": "OTHER HARDWARE",
    "software": "SOFTWARE",
    "operator": "OPERATOR",
    "unknown": "CAUSE UNKNOWN",
    "no-crash": "NO CRASH",
}
SURE: dict[Confidence, str] = {
    "proven": "proven",
    "strong": "strong evidence",
    "likely": "likely",
    "weak": "weak evidence",
    "none": "no evidence",
}
POLICIES = {"linux-7.3": "as merged in Linux 7.3", "v4": "as proposed in v4"}
RESULTS = {
    "Ignored": "ignored: the page stayed in use",
    "Failed": "failed: the page may still be in use",
    "Delayed": "delayed: handled at the next access",
    "Recovered": "recovered: taken out of use",
}
TYPES = {
    "page-table": "page table",
    "large-kmalloc": "large kmalloc",
    "kernel-stack": "kernel stack",
    "percpu": "per-CPU memory",
    "kernel-image": "kernel image",
    "page-cache": "page cache",
    "hugetlb": "huge page (hugetlb)",
    "ksm": "KSM page",
    "zone-device": "device memory (zone device)",
    "page-pool": "network page pool",
    "no-struct-page": "outside the kernel's page array",
    "user": "user memory",
    "kernel-other": "kernel memory of another kind",
}
DETAILS = {
    "cache": "slab cache",
    "aliases": "caches merged with it",
    "head_pfn": "head page",
    "address": "virtual address",
    "object_address": "object",
    "object_offset": "offset in the object",
    "superblock": "superblock",
    "caller": "allocated by",
    "resource": "memory resource",
    "level": "page table level",
    "fru": "FRU",
}


def kind_of_page(name: str) -> str:
    """`page-table` as a person writes it."""
    return TYPES.get(name, name)


def clock(time: float | None) -> str:
    """A printk time as the log prints it: 88690.498619."""
    return "" if time is None else f"{time:.6f}"


def date(wall_time: float | None, dial: float | None = None) -> str:
    """2026-11-23 02:39:26Z, or Nov 23 02:39:26 of seconds since a New Year."""
    if wall_time is None:
        return "" if dial is None else f"{LEAP_YEAR + timedelta(seconds=dial):%b %d %H:%M:%S}"
    try:
        return f"{datetime.fromtimestamp(wall_time, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (OverflowError, ValueError, OSError):
        return ""


def when(event: Event) -> str:
    """The event's printk time, else its wall time, else nothing."""
    return clock(event.time) or date(event.wall_time, event.dial)


def site(found: Site) -> dict[str, str]:
    """One row of the table hardware error -> crash site."""
    lag = span(found.lag_median) if found.lag_median is not None else "not known"
    if found.often > 1 and found.lag_max is not None:
        lag = f"{lag} (median), {span(found.lag_max)} at most"
    ties = {"address": "by address", "open": "open before it", "not judged": "before it", "recovered": "recovered"}
    return {
        "error": visible(found.error, 60),
        "tie": ties.get(found.standing, found.standing),
        "title": visible(found.title, 100),
        "often": f"{found.often} on {plural(found.hosts, 'host')}" if found.hosts else f"{found.often}",
        "lag": lag,
    }


def span(seconds: float) -> str:
    """A duration to read: 6 µs, 19 ms, 67.35 s, 4 min 10 s, 3 h 2 min, 12 d 4 h; negative ones keep their sign."""
    sign, s = ("-" if seconds < 0 else ""), abs(seconds)
    if s < 0.001:
        return f"{sign}{s * 1e6:.0f} µs"
    if s < 1:
        return f"{sign}{s * 1000:.0f} ms"
    if s < 600:
        return f"{sign}{s:.2f} s"
    for limit, big, one, small, part in ((7200, 60, "min", 1, "s"), (172_800, 3600, "h", 60, "min")):
        if s < limit:
            return f"{sign}{int(s // big)} {one} {int(s % big // small)} {part}"
    return f"{sign}{int(s // 86_400)} d {int(s % 86_400 // 3600)} h"


def size(count: int | None) -> str:
    """Bytes to read: 417 bytes, 71.3 MB."""
    if count is None:
        return ""
    return f"{count:,} bytes" if count < 100_000 else f"{count / 1e6:,.1f} MB"


def key(name: object) -> str:
    """A name out of an open dictionary as a label; it may come from a log, so it is short and printable."""
    return visible(DETAILS.get(str(name), str(name).replace("_", " ")), 32)


def value(name: str, item: Any) -> str:
    """One value of an open dictionary; integers whose name says address, frame or register are hex."""
    if isinstance(item, bool):
        return "yes" if item else "no"
    if isinstance(item, int):
        wide = name.endswith(("address", "pfn", "offset")) or name in {"status", "addr", "misc", "synd", "ipid"}
        return f"{item:#x}" if wide or item > 2**32 else f"{item}"
    if isinstance(item, (list, tuple, set, frozenset)):
        many = [value(name, part) for part in item]
        nested = any(isinstance(part, dict) for part in item)
        shown = ("; " if nested else ", ").join(many[: 4 if nested else 20])
        return shown + (f"; {len(many) - 4:,} more" if nested and len(many) > 4 else "")
    if isinstance(item, dict):
        return ", ".join(f"{key(name)} {value(str(name), part)}" for name, part in item.items())
    return str(item)


def place(location: dict[str, Any]) -> str:
    """node 1, card 2, row 20931; the module's name first."""
    names = [value(name, location[name]) for name in ("dimm", "label") if location.get(name)]
    rest = [f"{key(name)} {value(name, item)}" for name, item in location.items() if name not in ("dimm", "label")]
    return ", ".join(names + rest)


def page_type(page: PageHistory) -> str:
    """What the page was: `slab dentry`, `page table`, or that it is not known."""
    if page.type == "unknown":
        return "type not known"
    cache = page.detail.get("cache")
    return f"{kind_of_page(page.type)} {cache}" if cache else kind_of_page(page.type)


def plural(count: int, noun: str) -> str:
    """1 page, 3,000 pages."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


LEAP_YEAR = datetime(2000, 1, 1, tzinfo=UTC)
_SENTENCE = re.compile(r"(?<=[a-z0-9)\]])\.\s+(?=[A-Z0-9_])")
LONG = 110  # characters; a first sentence longer than this is no headline, its first clause may be


def headline(summary: str) -> tuple[str, str]:
    """The first sentence, or the first clause of a long one, and the rest."""
    parts = _SENTENCE.split(summary.strip(), maxsplit=1)
    first, rest = (f"{parts[0]}.", parts[1]) if len(parts) == 2 else (summary.strip(), "")
    clause, semicolon, tail = first.partition("; ")
    if len(first) <= LONG or not semicolon:
        return first, rest
    if re.match(r"[a-z]+ ", tail):
        tail = tail[0].upper() + tail[1:]
    return f"{clause}.", f"{tail} {rest}".strip()


# What prose marks as code: addresses, register and function names, kernel parameters, what stands in backticks.
CODE = re.compile(
    r"`[^`]+`|0x[0-9a-f]+\b|\b[A-Za-z_][\w.]{0,127}\+0x[0-9a-f]+(?:/0x[0-9a-f]+)?|\b[A-Za-z_]\w{0,127}\(\)|\b(?:vm|kernel)\.\w+(?:=\d+)?"
)


def pieces(text: str) -> list[tuple[bool, str]]:
    """The text cut into (is code, piece); backticks are taken off."""
    out: list[tuple[bool, str]] = []
    at = 0
    for found in CODE.finditer(text):
        out += [(False, text[at : found.start()]), (True, found[0].strip("`"))]
        at = found.end()
    return [piece for piece in [*out, (False, text[at:])] if piece[1]]
