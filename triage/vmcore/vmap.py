"""Which vmalloc area a page belongs to. struct page does not say, so the areas' page arrays are searched, as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drgn import Object

from triage.vmcore import lists, pagetables
from triage.vmcore.core import DAMAGE, Core
from triage.vmcore.page import Page

_TRANSLATED = 4096  # pages of one area


@dataclass(frozen=True, slots=True)
class Area:
    """One vmalloc area that holds a page."""

    start: int
    address: int  # of the page in question
    size: int
    caller: str | None
    vm: Object


def find(page: Page) -> Area | None:
    """The area whose `vm_struct.pages` names the page (mm/vmalloc.c)."""
    cache = page.core.prog.cache.setdefault("triage_vmap_pages", {})
    if page.pfn not in cache:
        cache[page.pfn] = _search(page)
    found: Area | None = cache[page.pfn]
    return found


def _search(page: Page) -> Area | None:
    needle = int(page.struct).to_bytes(8, "little")
    unread: list[Object] = []
    for vm in _areas(page.core):
        try:
            pages, count = int(vm.pages), int(vm.nr_pages)
            raw = page.core.prog.read(pages, 8 * count) if pages and 0 < count < 1 << 26 else b""
        except DAMAGE as error:
            page.core.skipped(error)
            unread.append(vm)
            continue
        at = raw.find(needle)
        while at >= 0 and at % 8:
            at = raw.find(needle, at + 1)
        if at >= 0:
            return _area(page.core, vm, at // 8 << page.core.page_shift)
    return next(filter(None, (_by_tables(page, vm) for vm in unread)), None)


def _by_tables(page: Page, vm: Object) -> Area | None:
    """An area whose page array is not in the dump: the kernel's page tables say what it maps."""
    root = pagetables.kernel_root(page.core)
    with page.core.skipping():
        start, size = int(vm.addr), min(int(vm.size), _TRANSLATED << page.core.page_shift)
        for offset in range(0, size if root is not None else 0, page.core.page_size):
            if root is not None and pagetables.walk(page.core, root, start + offset) == page.physical:
                return _area(page.core, vm, offset)
    return None


def _area(core: Core, vm: Object, offset: int) -> Area:
    start, where = int(vm.addr), core.symbol(int(vm.caller))
    return Area(start, start + offset, int(vm.size), where[0] if where else None, vm)


def _areas(core: Core) -> Iterator[Object]:
    """The vm_struct of all areas in use. d093602919ad (6.9) split the one list into one per node."""
    nodes = core.variable("vmap_nodes")
    if nodes is None:
        heads = [core.prog["vmap_area_list"]]
    else:
        heads = [nodes[at].busy.head for at in range(int(core.prog["nr_vmap_nodes"]))]
    for head in heads:
        for area in lists.entries(core, head, "struct vmap_area", "list"):
            with core.skipping():
                vm = area.vm.read_()
                if vm:
                    yield vm
