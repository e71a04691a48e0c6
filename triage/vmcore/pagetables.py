"""Page tables of x86-64 (4 and 5 levels) and arm64 (4, 16 and 64 KiB pages): walking them, and finding who owns one.

Level 1 is the lowest, whose entries are pages. A table has page size / 8 entries.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from drgn import FaultError
from drgn.helpers.linux.boot import pgtable_l5_enabled

from triage.vmcore import tasks
from triage.vmcore.core import Core
from triage.vmcore.objects import task_name

_X86_ADDRESS, _X86_PRESENT, _X86_LARGE = 0x000FFFFFFFFFF000, 1, 1 << 7
_TABLES = 200_000  # tables read in search of an owner: the upper levels of some 200 TB


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose table it is: task, level, first virtual address that it maps."""

    task: str
    level: int
    address: int


def virtual_bits(core: Core) -> int:
    """Bits of a kernel virtual address. An arm64 kernel built for 52 may run with 48: TCR_EL1.T1SZ says which."""
    if core.arch == "x86_64":
        return 57 if _five_levels(core) else 48
    size = core.number("TCR_EL1_T1SZ")
    return 64 - size if size is not None else core.number("VA_BITS") or 48


def _five_levels(core: Core) -> bool:
    found = core.prog.cache.get("triage_l5")
    if found is None:
        found = core.prog.cache["triage_l5"] = pgtable_l5_enabled(core.prog)
    return bool(found)


def levels(core: Core) -> int:
    """Number of table levels."""
    bits = core.page_shift - 3
    return -(-(virtual_bits(core) - core.page_shift) // bits)


def _shift(core: Core, level: int) -> int:
    """log2 of the bytes that one entry of this level maps."""
    return core.page_shift + (level - 1) * (core.page_shift - 3)


def _next(core: Core, entry: int, level: int) -> tuple[int, bool] | None:
    """The physical address in an entry and whether it is a table; None if nothing is mapped."""
    if core.arch == "x86_64":
        if not entry & _X86_PRESENT:
            return None
        return entry & _X86_ADDRESS, level > 1 and not entry & _X86_LARGE
    if not entry & 1:
        return None
    address = entry & ((1 << 50) - 1) & ~(core.page_size - 1)
    if core.page_shift == 16:  # 52-bit physical addresses: bits 15:12 of the entry are 51:48
        address = address & ((1 << 48) - 1) | (entry & 0xF000) << 36
    return address, level > 1 and bool(entry & 2)


def kernel_root(core: Core) -> int | None:
    """Physical address of the kernel's top table, swapper_pg_dir."""
    address = int(core.info.get("SYMBOL(swapper_pg_dir)", "0"), 16) or core.symbol_address("swapper_pg_dir")
    if core.arch == "x86_64":
        base = core.number("phys_base")
        return None if not address or base is None else address - 0xFFFFFFFF80000000 + base
    offset = core.number("kimage_voffset")
    return None if not address or offset is None else (address - offset) & 0xFFFFFFFFFFFFFFFF


def walk(core: Core, root: int, address: int) -> int | None:
    """The physical address that `address` is mapped to by the tables at `root`."""
    table, mask = root, (1 << (core.page_shift - 3)) - 1
    for level in range(levels(core), 0, -1):
        shift = _shift(core, level)
        index = address >> shift & (mask if level < levels(core) else _top_mask(core))
        found = _next(core, core.prog.read_u64(table + 8 * index, physical=True), level)
        if found is None:
            return None
        target, is_table = found
        if not is_table:
            size = 1 << shift
            return target & ~(size - 1) | address & (size - 1)
        table = target
    return None


def _top_mask(core: Core) -> int:
    return (1 << (virtual_bits(core) - _shift(core, levels(core)))) - 1


def find_owner(core: Core, physical: int) -> Owner | None:
    """Whose page table lies at a physical address, by reading the upper levels of every process's tables."""
    budget = [_TABLES]
    for name, root, entries in _roots(core):
        if root == physical:
            return Owner(name, levels(core), 0)
        for level, address in _tables_at(core, root, levels(core), 0, entries, physical, budget):
            return Owner(name, level, address)
    return None


def _roots(core: Core) -> Iterator[tuple[str, int, int]]:
    """Task, physical address and number of entries of every top table; on x86 only the user half of a process's."""
    top = _top_mask(core) + 1
    user = top // 2 if core.arch == "x86_64" else top
    seen: set[int] = set()
    for task in tasks.processes(core):
        with core.skipping():
            mm = task.mm.read_()
            if mm and int(mm) not in seen:
                seen.add(int(mm))
                yield task_name(task), (int(mm.pgd) - core.linear_base) & 0xFFFFFFFFFFFFFFFF, user
    root = kernel_root(core)
    if root is not None:
        yield "kernel", root, top


def _tables_at(
    core: Core, table: int, level: int, base: int, entries: int, wanted: int, budget: list[int]
) -> Iterator[tuple[int, int]]:
    """(level, address) of every entry below `table` that points at the table `wanted`."""
    if level < 2 or budget[0] <= 0:
        return
    budget[0] -= 1
    try:
        words = struct.unpack(f"<{entries}Q", core.prog.read(table, 8 * entries, physical=True))
    except FaultError as error:
        core.skipped(error, physical=True)
        return
    for index, word in enumerate(words):
        found = _next(core, word, level) if word else None
        if found is None or not found[1]:
            continue
        address = base | index << _shift(core, level)
        if found[0] == wanted:
            yield level - 1, address
        else:
            yield from _tables_at(core, found[0], level - 1, address, core.page_size // 8, wanted, budget)
