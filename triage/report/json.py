"""The JSON contract (docs/json-schema/): hex strings, printk seconds, null for the unknown, never an empty string."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from triage.model import (
    Action,
    Case,
    CoreFacts,
    Counterfactual,
    Crash,
    Event,
    Evidence,
    Frame,
    HardwareError,
    Link,
    Note,
    PageHistory,
    Source,
    Verdict,
)
from triage.report.escape import unicode

VERSION = "1"
BIGGEST = 2**53  # the largest integer that every JSON reader keeps exact

# Integers under these names, or names that end in address or pfn, are written in hex.
HEX = frozenset(
    (
        "status", "addr", "misc", "synd", "ipid", "mcgstatus", "mcgcap", "mcg_status", "mcg_cap", "ppin", "tsc", "ip",
        "mcacod", "mscod", "cpuid", "microcode", "apic", "esr", "far", "midr", "mpidr", "page", "superblock", "maps",
        "error_code", "queued",
    )
)  # fmt: skip
REQUIRED = ("kind", "time", "source", "first_line", "last_line")  # every line of `triage log --jsonl` has these
NUMBERS = frozenset((int, float))  # zero is known, unlike an empty text or list
LEFT_OUT = frozenset({"lines", "boot", "dial"})  # the raw text, and our own numbering of boots and seconds


def hexadecimal(value: int | None) -> str | None:
    """0x1f for 31; registers are unsigned 64-bit values."""
    return None if value is None else f"{value & 0xFFFF_FFFF_FFFF_FFFF:#x}"


def wall_time(seconds: float | None) -> str | None:
    """2026-11-23T02:39:26.500000Z for Unix seconds; None for what no calendar holds."""
    if seconds is None or not math.isfinite(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return None


def text(value: str | None) -> str | None:
    """The text, None when there is nothing in it."""
    return unicode(value) if value else None


@lru_cache(maxsize=1024)
def is_hex(name: str) -> bool:
    """Whether integers under a name are written in hex."""
    return name in HEX or name.endswith(("address", "pfn"))


def plain(value: Any, name: str = "") -> Any:
    """Any value of the model's open dictionaries as JSON, integers named like addresses in hex."""
    kind = type(value)
    if kind is str:
        return (value if value.isascii() else unicode(value)) or None
    if kind is int:
        return hexadecimal(value) if is_hex(name) or not -BIGGEST <= value <= BIGGEST else value
    if value is None or kind is bool:
        return value
    if kind is dict:
        return {
            k if type(k) is str and k.isascii() else unicode(str(k)): (
                v if type(v) is str and v and v.isascii() else plain(v, str(k))
            )
            for k, v in value.items()
        }
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(v, name) for v in value]
    return text(str(value))


def document(cases: Sequence[Case]) -> dict[str, Any]:
    """The document of `triage analyze --json`: one case per boot, in the order given."""
    return {"schema_version": VERSION, "cases": [_case(case) for case in cases]}


def _case(case: Case) -> dict[str, Any]:
    return {
        "host": text(case.boot.host),
        "boot_id": text(case.boot.boot_id),
        "verdict": _verdict(case.verdict),
        "crash": _crash(case.crash) if case.crash else None,
        "crashes": [_crash(crash) for crash in case.crashes],
        "errors": [_error(name, error, case.copies.get(name)) for name, error in case.errors],
        "pages": [_page(page) for page in case.pages],
        "links": [_link(link) for link in case.links],
        "core": _core(case.boot.core) if case.boot.core else None,
        "counterfactual": [_counterfactual(entry) for entry in case.counterfactual],
        "actions": [_action(action) for action in case.actions],
        "sources": [_source(source) for source in case.boot.sources],
        "notes": [_note(note) for note in dict.fromkeys(case.notes + case.boot.notes)],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "cause": verdict.cause,
        "confidence": verdict.confidence,
        "summary": text(verdict.summary),
        "software_excluded": verdict.software_excluded,
        "evidence": [_evidence(item) for item in verdict.evidence],
        "against": [_evidence(item) for item in verdict.against],
        "would_raise": [text(item) for item in verdict.would_raise if item],
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    return {
        "text": text(item.text),
        "source": text(item.source),
        "first_line": item.first_line,
        "last_line": item.last_line,
        "addresses": [hexadecimal(address) for address in item.addresses],
    }


def _crash(crash: Crash) -> dict[str, Any]:
    frames = crash.traces[0].frames if crash.traces else ()
    return {
        "title": text(crash.title),
        "alt_titles": [text(title) for title in crash.alt_titles if title],
        "type": text(crash.type),
        "function": text(crash.function),
        "offset": crash.offset,
        "size": crash.size,
        "module": text(crash.module),
        "frame": text(crash.frame),
        "corrupted": text(crash.corrupted),
        "panicked": crash.panicked,
        "panic": text(crash.panic),
        "time": plain(crash.time),
        "wall_time": wall_time(crash.wall_time),
        "task": text(crash.task),
        "pid": crash.pid,
        "cpu": crash.cpu,
        "kernel": text(crash.kernel),
        "arch": text(crash.arch),
        "taint": [text(letter) for letter in crash.taint if letter],
        "hardware": text(crash.hardware and crash.hardware.strip()),
        "fault_address": hexadecimal(crash.fault_address),
        "error_code": hexadecimal(crash.error_code),
        "esr": hexadecimal(crash.esr),
        "code": text(crash.code and crash.code.strip()),
        "registers": {unicode(name): hexadecimal(value) for name, value in crash.registers.items()},
        "trace": [_frame(frame) for frame in frames],
        "source": text(crash.source),
        "first_line": crash.first_line,
        "last_line": crash.last_line,
    }


def _frame(frame: Frame) -> dict[str, Any]:
    return {
        "function": text(frame.function),
        "offset": frame.offset,
        "size": frame.size,
        "module": text(frame.module),
        "reliable": frame.reliable,
        "inline": frame.inline,
        "file": text(frame.file),
        "line": frame.line,
    }


def _error(name: str, error: HardwareError, original: str | None) -> dict[str, Any]:
    return {
        "id": text(name),
        "copy_of": text(original),
        "kind": text(error.kind),
        "severity": error.severity,
        "component": error.component,
        "what": text(error.what),
        "time": plain(error.time),
        "wall_time": wall_time(error.wall_time),
        "physical_address": hexadecimal(error.physical_address),
        "granularity": error.granularity,
        "mca": plain(error.mca),
        "location": plain(error.location),
        "device": text(error.device),
        "cpu": error.cpu,
        "count": error.count,
        "previous_boot": error.previous_boot,
        "injected": error.injected,
        "source": text(error.source),
        "first_line": error.first_line,
        "last_line": error.last_line,
    }


def _core(core: CoreFacts) -> dict[str, Any]:
    return {
        "path": text(core.path),
        "format": text(core.format),
        "types": text(core.types),
        "build_id": text(core.build_id),
        "poisoned_count": core.poisoned_count,
        "injected_only": core.injected_only,
        "counters": plain(core.counters),
        "sysctls": plain(core.sysctls),
        "panic_cpu": core.crash.get("panic_cpu"),
        "victim_cpu": core.crash.get("victim_cpu"),
        "unread": [hexadecimal(pfn) for pfn in core.unread],
    }


def _page(page: PageHistory) -> dict[str, Any]:
    return {
        "pfn": hexadecimal(page.pfn),
        "physical_address": hexadecimal(page.physical_address),
        "type": page.type,
        "type_now": text(page.type_now),
        "type_source": page.type_source,
        "log_label": text(page.log_label),
        "log_result": text(page.log_result),
        "poisoned": page.poisoned,
        "injected": page.injected,
        "location": plain(page.location),
        "first_seen": plain(page.first_seen),
        "blamed": page.blamed,
        "detail": plain(page.detail),
        "node": page.facts.node if page.facts else None,
        "zone": text(page.facts.zone) if page.facts else None,
        "memcg": text(page.facts.memcg) if page.facts else None,
        "referrers": [text(referrer) for referrer in page.facts.referrers] if page.facts else [],
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "pfn": hexadecimal(link.pfn),
        "match": link.match,
        "via": text(link.via),
        "address": hexadecimal(link.address),
        "translation": link.translation,
        "granularity": link.granularity,
        "lag_seconds": plain(link.lag_seconds),
    }


def _counterfactual(entry: Counterfactual) -> dict[str, Any]:
    return {
        "policy": entry.policy,
        "pfn": hexadecimal(entry.pfn),
        "would_panic": entry.would_panic,
        "if_type": plain(entry.if_type),
        "at": plain(entry.at),
        "lead_seconds": plain(entry.lead_seconds),
        "actual": entry.actual,
        "why": text(entry.why),
    }


def _action(action: Action) -> dict[str, Any]:
    return {"text": text(action.text), "kind": action.kind}


def _source(source: Source) -> dict[str, Any]:
    return {
        "path": text(source.path),
        "hash": text(source.sha256),
        "host": text(source.host),
        "boot": text(source.boot),
        "kind": source.kind,
        "format": text(source.format),
        "size": source.size,
        "lines": source.lines,
    }


def _note(note: Note) -> dict[str, Any]:
    return {"text": text(note.text), "source": text(note.source)}


def event(item: Event) -> dict[str, Any]:
    """One line of `triage log --jsonl`; every crash is of kind `crash`, and nothing else has a `title` or a `type`."""
    if isinstance(item, Crash):
        return {**_values(item, Event), **_crash(item), "kind": "crash", "record": item.kind}
    return _values(item, type(item))


@cache
def columns(form: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the fields of an event type that a row may have, beside the required ones, and what gets them."""
    names = tuple(f.name for f in fields(form) if f.name not in REQUIRED and f.name not in LEFT_OUT)
    return names, attrgetter(*names)


def _values(item: Event, form: Any) -> dict[str, Any]:
    """The fields that `form` declares and `item` has, the required ones first and even if unknown."""
    row = {name: plain(getattr(item, name)) for name in REQUIRED}
    names, values = columns(form)
    for name, value in zip(names, values(item), strict=True):
        if value is None:
            continue
        kind = type(value)
        if kind is bool or (kind is str and value and value.isascii()):  # most are: no call for them
            row[name] = value
        elif value or kind in NUMBERS:
            row[name] = plain(value, name)
    if "wall_time" in row:
        row["wall_time"] = wall_time(item.wall_time)
    return row
