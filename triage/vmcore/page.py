"""One page frame: its `struct page`, read through drgn, with what every inspector asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from drgn import FaultError, Object, cast
from drgn.helpers.linux import mm
from drgn.helpers.linux.mmzone import for_each_online_pgdat

from triage.vmcore.core import Core, reason

_PAGE_TYPE_NONE = 0xFFFFFFFF


class Page:
    """One page frame of a typed core; reading damaged memory raises what `core.DAMAGE` lists."""

    def __init__(self, core: Core, pfn: int) -> None:
        self.core, self.pfn = core, pfn

    @property
    def physical(self) -> int:
        """Physical address of its first byte."""
        return self.pfn << self.core.page_shift

    @cached_property
    def virtual(self) -> int:
        """Its address in the kernel's linear map."""
        return self.core.virtual(self.physical)

    @cached_property
    def exists(self) -> bool:
        """Whether the kernel keeps a struct page for it."""
        return any(start <= self.pfn < end for start, end in valid_ranges(self.core))

    @cached_property
    def struct(self) -> Object:
        """The `struct page *`."""
        return mm.pfn_to_page(self.core.prog, self.pfn)

    @cached_property
    def head(self) -> Page:
        """The head of the compound page it belongs to; itself if it is none or the head."""
        head = int(mm.page_to_pfn(mm.compound_head(self.struct)))
        return self if head == self.pfn else Page(self.core, head)

    @cached_property
    def order(self) -> int:
        """Order of its compound page, 0 for a single page."""
        return int(mm.compound_order(self.head.struct))

    @cached_property
    def flags(self) -> int:
        """The raw flags word. Since 6.18 it is a `memdesc_flags_t` (53fbef56e07d)."""
        return int(mm.page_flags(self.struct))

    def flag(self, name: str) -> bool:
        """Whether a PG_* flag is set; False where this kernel has no such flag."""
        bit = self.core.constant(name)
        return bit is not None and bool(self.flags >> bit & 1)

    def flag_names(self) -> tuple[str, ...]:
        """The flags as words, without prefix: "hwpoison", "reserved" ..."""
        if self.head is not self:
            return ("hwpoison",) if self.flag("PG_hwpoison") else ()  # a tail's other bits have other meanings
        return tuple(name for bit, name in _flag_names(self.core).items() if self.flags >> bit & 1)

    @cached_property
    def refcount(self) -> int:
        """Its reference count."""
        return int(self.struct._refcount.counter)

    @cached_property
    def private(self) -> int:
        """Its private word."""
        return int(self.struct.private)

    @cached_property
    def mapping(self) -> int:
        """The mapping word of its head, low bits included: 1 anonymous, 3 KSM, else an address_space."""
        return int(self.head.struct.mapping)

    @cached_property
    def type_name(self) -> str | None:
        """The page type its head carries: "slab", "buddy", "table", "hugetlb", "large_kmalloc" ...; None if none.

        Since 6.12 the top byte of page_type counts types (4ffca5a96678), before that single bits were cleared, whose
        places moved with releases; the values of those come from VMCOREINFO and from each other.
        """
        word = int(self.head.struct.page_type)
        if word == _PAGE_TYPE_NONE:
            return None
        names = _top_byte_types(self.core)
        if names:
            return names.get(word >> 24)
        base = 0xF0000000 if word >> 28 == 0xF else 0x80000000
        if word & base != base:
            return None  # a map count: the page is mapped by users
        return next((name for name, bit in _bit_types(self.core).items() if not word & bit), None)

    @cached_property
    def node_and_zone(self) -> tuple[int, str] | None:
        """NUMA node and zone name."""
        for pgdat in for_each_online_pgdat(self.core.prog):
            for zone in pgdat.node_zones[: pgdat.nr_zones]:
                start = int(zone.zone_start_pfn)
                if start <= self.pfn < start + int(zone.spanned_pages):
                    return int(pgdat.node_id), zone.name.string_().decode()
        return None

    def content(self, offset: int, size: int) -> bytes | None:
        """Bytes of the page itself, None if they are not in the core. Read by physical address, for the kernel may have
        unmapped the page when it was poisoned (set_mce_nospec())."""
        try:
            return bytes(self.core.prog.read(self.physical + offset, size, physical=True))
        except FaultError:
            return None

    def overlay(self, type_name: str) -> Object:
        """The head seen as another structure: `struct slab *`, `struct folio *`, `struct ptdesc *`."""
        return cast(type_name, self.head.struct)


def valid_ranges(core: Core) -> list[tuple[int, int]]:
    """The ranges of PFNs that have a struct page, first included, last excluded; where the kernel's map of them is not
    in the dump, all there may be."""
    found = core.prog.cache.get("triage_valid_ranges")
    if found is None:
        try:
            found = [(start, end) for start, end, _ in mm.for_each_valid_page_range(core.prog)]
        except FaultError as error:
            core.note(f"memory map: {reason(error)}")
            found = [(0, int(core.prog["max_pfn"]))]
        core.prog.cache["triage_valid_ranges"] = found
    ranges: list[tuple[int, int]] = found
    return ranges


def _flag_names(core: Core) -> dict[int, str]:
    """`enum pageflags { PG_locked, ... }`; of several names of one bit the first: the others are of special pages."""
    found = core.prog.cache.get("triage_pageflags")
    if found is None:
        found = {}
        for entry in core.prog.type("enum pageflags").enumerators or ():
            if entry.name.startswith("PG_"):
                found.setdefault(entry.value, entry.name.removeprefix("PG_"))
        core.prog.cache["triage_pageflags"] = found
    names: dict[int, str] = found
    return names


def _top_byte_types(core: Core) -> dict[int, str]:
    """Linux 6.12+: `enum pagetype { PGTY_buddy = 0xf0, ... }`; empty before."""
    found = core.prog.cache.get("triage_pagetypes")
    if found is None:
        try:
            values = core.prog.type("enum pagetype").enumerators or ()
        except LookupError:
            values = ()
        found = {e.value: e.name.removeprefix("PGTY_") for e in values if e.name != "PGTY_mapcount_underflow"}
        core.prog.cache["triage_pagetypes"] = found
    types: dict[int, str] = found
    return types


def _bit_types(core: Core) -> dict[str, int]:
    """Before 6.12: the bit that is cleared for each type. The buddy type is always the first of its row."""
    buddy = core.number("PAGE_BUDDY_MAPCOUNT_VALUE")
    first = ~buddy & 0xFFFFFFFF if buddy is not None else 0x80
    if first == 0x40000000:  # counted down from the top, to leave the lower half to values: 8db00ad56461 (6.11)
        return {name: first >> place for place, name in enumerate(_ROW)}
    # 18b2db3b0385 (5.11) took PG_kmemcg out; in the same release struct page's mem_cgroup became memcg_data
    row = _ROW_WITH_KMEMCG if core.prog.type("struct page").has_member("mem_cgroup") else _ROW
    return {name: first << place for place, name in enumerate(row)}


_ROW = ("buddy", "offline", "table", "guard", "hugetlb", "slab", "zsmalloc")
_ROW_WITH_KMEMCG = ("buddy", "offline", "kmemcg", "table", "guard")


def poisoned_pages(core: Core, start: int, end: int) -> Iterator[int]:
    """The PFNs in [start, end) with PG_hwpoison set, by looking at one byte of every struct page at once.

    No struct page is touched in Python: a slice takes the flag byte of each, a table marks those with the bit.
    """
    bit = core.constant("PG_hwpoison") or core.number("PG_hwpoison")
    if bit is None:
        return
    size = core.prog.type("struct page").size
    assert size is not None
    marks = bytes(1 if value >> (bit % 8) & 1 else 0 for value in range(256))
    base = int(core.prog["vmemmap"])
    piece = 1 << 15
    for at in range(start, end, piece):
        count = min(piece, end - at)
        for first, raw in _readable(core, base + at * size, count * size):
            column = raw[(bit // 8 - first) % size :: size].translate(marks)
            place = column.find(1)
            while place >= 0:
                yield at + (first + (bit // 8 - first) % size) // size + place
                place = column.find(1, place + 1)


def _readable(core: Core, address: int, size: int) -> Iterator[tuple[int, bytes]]:
    """The readable pieces of a range as (offset, bytes): all of it, or page by page where a part is missing."""
    whole = _peek(core, address, size)
    if whole is not None:
        yield 0, whole
        return
    offset = 0
    while offset < size:
        step = min(core.page_size - (address + offset) % core.page_size, size - offset)
        piece = _peek(core, address + offset, step)
        if piece is not None:
            yield offset, piece
        offset += step


def _peek(core: Core, address: int, size: int) -> bytes | None:
    try:
        with core.unrecorded():
            return bytes(core.prog.read(address, size))
    except FaultError:
        return None
