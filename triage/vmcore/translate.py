"""Virtual to physical addresses by the core's own layout: linear map, kernel image, then the kernel's page tables.

The linear map comes first, as arithmetic: the kernel may have unmapped a poisoned page (set_mce_nospec()).
"""

from __future__ import annotations

from triage.vmcore import pagetables
from triage.vmcore.core import DAMAGE, Core

_X86_IMAGE = 0xFFFFFFFF80000000  # __START_KERNEL_map
_ALL = 0xFFFFFFFFFFFFFFFF


def physical(core: Core, address: int) -> int | None:
    """The physical address of a kernel virtual address in memory that the kernel manages; None if it is not mapped."""
    address = canonical(core, address)
    if address >> 63 == 0:
        return None
    for step in (_linear, _image, _walk):
        try:
            found = step(core, address)
        except DAMAGE:
            continue
        if found is not None:
            return found
    return None


def canonical(core: Core, address: int) -> int:
    """The address without what arm64 keeps in its top bits: tags (MTE, KASAN) and pointer authentication codes."""
    if core.arch != "arm64" or not address >> 55 & 1:
        return address
    return address | _ALL & ~((1 << pagetables.virtual_bits(core)) - 1)


def _linear(core: Core, address: int) -> int | None:
    found = (address - core.linear_base) & _ALL
    limit = core.variable("max_pfn")
    if limit is None or found >> core.page_shift >= int(limit):
        return None
    return found


def _image(core: Core, address: int) -> int | None:
    start, end = core.symbol_address("_text"), core.symbol_address("_end")
    if start is None or end is None or not start <= address < end:
        return None
    offset = _image_offset(core)
    return None if offset is None else (address - offset) & _ALL


def _image_offset(core: Core) -> int | None:
    """Virtual minus physical address of the kernel image, from VMCOREINFO."""
    if core.arch == "x86_64":
        base = core.number("phys_base")
        return None if base is None else _X86_IMAGE - base
    return core.number("kimage_voffset")


def image_virtual(core: Core, address: int) -> int | None:
    """The address of a physical address in the kernel image's mapping; None if it lies outside the image."""
    start, end, offset = core.symbol_address("_text"), core.symbol_address("_end"), _image_offset(core)
    if start is None or end is None or offset is None:
        return None
    found = (address + offset) & _ALL
    return found if start <= found < end else None


def _walk(core: Core, address: int) -> int | None:
    root = pagetables.kernel_root(core)
    return None if root is None else pagetables.walk(core, root, address)
