"""Slab pages: the cache, its aliases, and the objects on the page.

PG_slab was a page flag until 46df8e73a4a3 (6.10) made it a page type. Only the head carries either; PG_hwpoison is on
the page that was hit. `struct slab` overlays struct page since d122019bf061 (5.17).
"""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.slab import get_slab_cache_aliases

from triage.vmcore import objects, pointers
from triage.vmcore.core import EXCLUDED
from triage.vmcore.finding import Finding
from triage.vmcore.memcg import object_memcg
from triage.vmcore.page import Page

ORDER = 30


def inspect(page: Page) -> Finding | None:
    """`slab` with cache, aliases, head_pfn, and for each object in the poisoned line or on the page what it is."""
    if page.type_name != "slab" and not page.head.flag("PG_slab"):
        return None
    slab = _slab(page)
    cache = slab.slab_cache.read_()
    name = cache.name.string_().decode("utf-8", "replace")
    finding = Finding(type="slab", why=f"the head page is a slab of cache {name}", detail={"cache": name})
    finding.detail["head_pfn"] = page.head.pfn
    with page.core.noting(f"aliases of cache {name}"):
        finding.detail["aliases"] = _aliases(page, name)
    finding.detail["object_size"] = int(cache.object_size)
    with page.core.noting(f"objects of slab page {page.pfn:#x}"):
        _describe_objects(page, slab, cache, finding)
    return finding


def _slab(page: Page) -> Object:
    try:
        return page.overlay("struct slab *")
    except LookupError:
        return page.overlay("struct page *")


def _aliases(page: Page, name: str) -> list[str]:
    """All names of a merged cache, its own included; sysfs keeps them as links (SLAB_SYSFS)."""
    cache = page.core.prog.cache
    if "triage_aliases" not in cache:
        cache["triage_aliases"] = get_slab_cache_aliases(page.core.prog)
    merged: dict[str, str] = cache["triage_aliases"]
    return sorted({name} | {alias for alias, target in merged.items() if target == name and alias[0] != ":"})


def _describe_objects(page: Page, slab: Object, cache: Object, finding: Finding) -> None:
    size, count = int(cache.size), int(slab.objects)
    left = int(cache.red_left_pad) if cache.type_.type.has_member("red_left_pad") else 0
    base = page.head.virtual
    first = max(0, (page.virtual - base) // size)
    last = min(count, (page.virtual + page.core.page_size - 1 - base) // size + 1)
    on_page = [base + number * size + left for number in range(first, last)]
    hit = _hit(page, on_page, size)
    finding.detail["objects"] = objects.describe(page.core, slab, cache, hit or on_page)
    with page.core.noting(f"memory cgroups of slab page {page.pfn:#x}"):
        for entry in finding.detail["objects"]:
            charged = object_memcg(page.core, slab, cache, (entry["address"] - left - base) // size)
            entry |= {"memcg": charged} if charged else {}
    if len(hit or on_page) == 1:
        _name_one(finding, page)
    unreadable = any(entry.get("state") == "unreadable" for entry in finding.detail["objects"])
    missing = page.core.missing(page.pfn)
    if missing and (unreadable or missing == EXCLUDED):
        finding.detail["content"] = missing
    if unreadable:
        _ask_others(page, finding, size)


def _ask_others(page: Page, finding: Finding, size: int) -> None:
    """The objects cannot be read: say of each what its inode, its siblings in the directory and its hash chain tell."""
    entries = {entry["address"]: entry for entry in finding.detail["objects"]}
    for pointer in pointers.to_objects(page.core, sorted(entries), size):
        finding.referrers.append(f"{pointer.what} {pointer.member} points at {pointer.target:#x}")
        for key, value in pointer.tells.items():
            entries[pointer.target].setdefault(key, value)
    if len(entries) == 1:
        _name_one(finding, page)


def _hit(page: Page, on_page: list[int], size: int) -> list[int]:
    """The objects that the lines reported bad, or touched by the crash, belong to."""
    lines = [
        page.virtual + (line - page.physical)
        for line in page.core.lines
        if page.physical <= line < page.physical + page.core.page_size
    ]
    return [start for start in on_page if any(start < line + 64 and line < start + size for line in lines)]


def _name_one(finding: Finding, page: Page) -> None:
    """One object: say it at the top level too."""
    only = finding.detail["objects"][0]
    finding.detail |= {key: value for key, value in only.items() if key not in ("address", "state")}
    finding.detail["object_address"] = only["address"]
    for line in page.core.lines:
        if page.physical <= line < page.physical + page.core.page_size:
            finding.detail["object_offset"] = page.virtual + (line - page.physical) - only["address"]
