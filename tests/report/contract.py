"""The JSON contract, checked by hand where a schema cannot: what every value of an analysis must keep to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

HEX = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]*)")
WALL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
TYPES = {
    "slab", "large-kmalloc", "page-table", "kernel-stack", "vmalloc", "percpu",
    "kernel-image", "reserved", "free", "anonymous", "page-cache", "hugetlb",
    "ksm", "zone-device", "zsmalloc", "page-pool", "offline", "no-struct-page",
    "user", "kernel-other", "unknown",
}  # fmt: skip
CAUSES = {"memory-error", "other-hardware", "software", "operator", "unknown", "no-crash"}
CONFIDENCES = {"proven", "strong", "likely", "weak", "none"}
SEVERITIES = {"corrected", "deferred", "recoverable", "fatal"}
DETAIL = {
    "cache", "aliases", "head_pfn", "object_address", "object_offset", "path",
    "inode", "superblock", "task", "level", "caller", "symbol",
    "resource", "order", "filesystem",
}  # fmt: skip
ADDRESSES = {"pfn", "physical_address", "address", "object_address", "head_pfn"}
TIMES = {"time", "first_seen", "at", "lead_seconds", "lag_seconds"}
INTEGERS = {"first_line", "last_line", "cpu", "pid", "count", "granularity", "object_offset"}
FLAGS = {"software_excluded", "previous_boot", "injected", "blamed", "poisoned", "reliable", "inline"}


def walk(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(path, key, value) of every member of every object."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield f"{path}.{key}", key, member
            yield from walk(member, f"{path}.{key}")
    elif isinstance(value, list):
        for member in value:
            if not isinstance(member, dict | list):
                yield f"{path}[]", "", member
            yield from walk(member, f"{path}[]")


def faults(document: dict[str, Any]) -> list[str]:
    """What in a document breaks the contract; empty if nothing does."""
    found = [f"{path}: empty string" for path, _, value in walk(document) if value == ""]
    found += [f"{path}: {value!r}" for path, key, value in walk(document) if value is not None and not fits(key, value)]
    found += [fault for case in document["cases"] for fault in broken(case)]
    return found if document["schema_version"] == "1" else [*found, "schema_version"]


def fits(key: str, value: Any) -> bool:
    """Whether a value has the form that its name asks for."""
    number = isinstance(value, int) and not isinstance(value, bool)
    if key in ADDRESSES:
        return isinstance(value, str) and HEX.fullmatch(value) is not None
    if key == "registers":
        return all(HEX.fullmatch(register) for register in value.values())
    if key in TIMES:
        return number or isinstance(value, float)
    if key in INTEGERS:
        return number and value >= (-1 if key == "cpu" else 0)
    if key in FLAGS:
        return isinstance(value, bool)
    return WALL.fullmatch(value) is not None if key == "wall_time" else True


def broken(case: dict[str, Any]) -> Iterator[str]:
    """What in a case contradicts the contract's lists of values, or another part of the case."""
    verdict, pages = case["verdict"], {page["pfn"]: page for page in case["pages"]}
    paths = {source["path"] for source in case["sources"]}
    rules = {
        "cause": verdict["cause"] in CAUSES,
        "confidence": verdict["confidence"] in CONFIDENCES,
        "summary": bool(verdict["summary"]),
        "no-crash": (verdict["cause"] == "no-crash") is (case["crash"] is None),
        "crash of crashes": case["crash"] is None or case["crash"] in case["crashes"],
        "sources": bool(paths) and all(len(source["hash"] or "x" * 64) == 64 for source in case["sources"]),
        "one blamed": sum(page["blamed"] for page in pages.values()) <= 1,
        "pages once": len(pages) == len(case["pages"]),
        "errors once": len({error["id"] for error in case["errors"]}) == len(case["errors"]),
        "policies": len({(w["policy"], w["pfn"]) for w in case["counterfactual"]}) == len(case["counterfactual"]),
    }
    yield from (name for name, holds in rules.items() if not holds)
    yield from (f"evidence: {e}" for e in (*verdict["evidence"], *verdict["against"]) if not cited(e, paths))
    yield from (f"error: {e}" for e in case["errors"] if e["severity"] not in SEVERITIES)
    yield from (f"page: {page}" for page in pages.values() if not sound_page(page))
    yield from (f"link: {link}" for link in case["links"] if link["pfn"] not in pages or not sound_link(link))
    yield from (f"what-if: {w}" for w in case["counterfactual"] if w["pfn"] not in pages or not sound_answer(w, case))


def cited(evidence: dict[str, Any], paths: set[str]) -> bool:
    """Whether evidence points at lines of an input."""
    source, first, last = (evidence.get(key) for key in ("source", "first_line", "last_line"))
    return source is None or (source in paths and (first is None or 1 <= first <= last))


def sound_page(page: dict[str, Any]) -> bool:
    """Whether a page's words are those of the contract."""
    kinds = page["type"] in TYPES and (page["type_now"] is None or page["type_now"] in TYPES)
    return kinds and page["type_source"] in ("core", "log", "inferred", None) and set(page["detail"]) <= DETAIL


def sound_link(link: dict[str, Any]) -> bool:
    """Whether a route names its address and how it was translated, unless only time speaks."""
    by_time = link["match"] == "time"
    how = link["translation"] in (("hardware", "core", "log", "inferred") if not by_time else (None,))
    return (
        link["match"] in ("line", "page", "time")
        and how
        and (link["via"] is None) is by_time is (link["address"] is None)
    )


def sound_answer(answer: dict[str, Any], case: dict[str, Any]) -> bool:
    """Whether a what-if answer has its time, and its types only where they decide."""
    crash, at = case["crash"], answer["at"]
    before = at is not None and crash is not None and crash["time"] is not None and at <= crash["time"]
    lead = round(crash["time"] - at, 6) if before else None
    words = answer["policy"] in ("v4", "linux-7.3") and answer["would_panic"] in ("yes", "no", "depends")
    types = bool(answer["if_type"]) is (answer["would_panic"] == "depends")
    return words and types and answer["lead_seconds"] == lead and (at is None or answer["would_panic"] != "no")
