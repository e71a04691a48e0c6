"""Infers the kernel's page size; nothing here assumes 4 KiB (arm64, ppc64 and loongarch kernels come with 64 KiB
pages)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from triage.model import Boot, Crash, Event, HardwareError, MemoryFailure, Notice

SHIFTS = (12, 14, 16, 13, 18)  # page sizes that Linux kernels are built with, common ones first
LARGEST = 16  # of those that can be chosen on arm64
FIXED = {"x86_64": 12, "i386": 12, "s390x": 12, "riscv64": 12, "arm": 12}  # architectures with one page size only


@dataclass(frozen=True, slots=True, kw_only=True)
class PageShift:
    """log2 of the page size in bytes, None if unknown, and how it is known, as the end of a sentence."""

    bits: int | None
    how: str

    def pfn(self, address: int) -> int | None:
        """The page frame of a physical address."""
        return None if self.bits is None else address >> self.bits


def infer(boot: Boot, arch: str | None) -> PageShift:
    """The page shift of a boot, from the first witness that has one."""
    if boot.core is not None and boot.core.page_shift is not None:
        return PageShift(bits=boot.core.page_shift, how="from the core")
    for bits, how in (*printed(boot.events), *paired(boot.events)):
        return PageShift(bits=bits, how=how)
    if arch in FIXED:
        return PageShift(bits=FIXED[arch], how=f"{arch} has no other page size")
    return PageShift(bits=None, how="neither a printed page size nor an address beside a page frame number tells it")


def printed(events: Iterable[Event]) -> Iterator[tuple[int, str]]:
    """Page sizes that the log prints: `swapper pgtable: 64k pages, 48-bit VAs`, `LE PAGE_SIZE=64K`, the order of
    a hash table at boot."""
    for event in events:
        size = event.page_size if isinstance(event, Crash) else None
        if isinstance(event, Notice) and event.what == "layout":
            size = event.values.get("page_size")
        if isinstance(size, int) and size > 0 and size.bit_length() - 1 in SHIFTS:
            yield size.bit_length() - 1, f"the log prints {size >> 10} KiB pages"


def paired(events: Sequence[Event]) -> Iterator[tuple[int, str]]:
    """Shifts under which a reported address and a page frame number of the same boot are one page.

    Memory failure: 0x40272d beside physical_address: 0x000000040272d508 means 4 KiB pages, beside 0x40272d5080 64 KiB.
    """
    errors = [event for event in events if isinstance(event, HardwareError)]
    frames = {event.pfn for event in events if isinstance(event, MemoryFailure) and event.pfn}
    frames |= {error.page for error in errors if error.page}
    addresses = {error.physical_address for error in errors if error.physical_address}
    found = {bits for bits in SHIFTS for address in addresses if address >> bits in frames}
    if len(found) == 1:
        bits = found.pop()
        yield bits, f"inferred: a reported address and a page frame number agree only for {1 << bits >> 10} KiB pages"
    elif any((error.page_offset or 0) >= 1 << 14 for error in errors):
        yield 16, "inferred: an EDAC offset lies beyond 16 KiB, so pages are 64 KiB"


def disagreements(errors: Iterable[HardwareError], shift: PageShift) -> list[HardwareError]:
    """Errors whose own address and page frame number do not agree under the shift."""
    return [
        error
        for error in errors
        if error.physical_address and error.page and shift.bits and error.physical_address >> shift.bits != error.page
    ]
