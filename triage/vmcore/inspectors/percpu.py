"""Per-CPU memory: the first chunk, in reserved memory, and the chunks added later, whose pages name their chunk."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry

from triage.vmcore.core import Core
from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 41


def inspect(page: Page) -> Finding | None:
    """`percpu` with the chunk's base address, and for static variables the symbol and the CPU."""
    return _static(page) if page.flag("PG_reserved") else _dynamic(page)


def _static(page: Page) -> Finding | None:
    start, end = page.core.symbol_address("__per_cpu_start"), page.core.symbol_address("__per_cpu_end")
    offsets, unit = page.core.variable("__per_cpu_offset"), page.core.variable("pcpu_unit_size")
    if start is None or end is None or offsets is None or unit is None:
        return None
    for cpu in for_each_possible_cpu(page.core.prog):
        at = (page.virtual - int(offsets[cpu])) & 0xFFFFFFFFFFFFFFFF
        if start <= at < start + int(unit):
            where = page.core.symbol(at) if at < end else None
            detail: dict[str, object] = {"cpu": cpu} | ({"symbol": where[0]} if where else {})
            return Finding(type="percpu", why=f"it lies in the first per-CPU chunk, unit of CPU {cpu}", detail=detail)
    return None


def _dynamic(page: Page) -> Finding | None:
    """pcpu_set_page_chunk() keeps the chunk in page->index, that of 7.3 in page->private."""
    word = page.struct
    candidates = {page.private, int(word.index) if word.type_.type.has_member("index") else 0} - {0}
    for chunk in _chunks(page.core):
        if int(chunk) in candidates:
            detail = {"chunk": int(chunk), "address": int(chunk.base_addr)}
            return Finding(type="percpu", why="it names a chunk of the per-CPU allocator", detail=detail)
    return None


def _chunks(core: Core) -> list[Object]:
    """All chunks with pages of their own, from the lists that the allocator sorts them into."""
    found = core.prog.cache.get("triage_pcpu_chunks")
    if found is None:
        slots, count = core.variable("pcpu_chunk_lists"), core.variable("pcpu_nr_slots")
        found = []
        if slots is None or count is None:
            return []
        for slot in range(int(count)):
            found += list_for_each_entry("struct pcpu_chunk", slots[slot].address_of_(), "list")
        core.prog.cache["triage_pcpu_chunks"] = found
    chunks: list[Object] = found
    return chunks
