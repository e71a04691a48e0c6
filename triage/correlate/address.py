"""Translates the addresses of a crash to physical ones, and finds those that lie in a reported page.

Three routes, best first: the hardware's or the core's own translation; the linear map with a base that the same log
prints; a base
inferred from the coincidence itself, which is tested by its alignment and whose chance is stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage.correlate.consumption import Consumption
from triage.correlate.pages import Track
from triage.correlate.reports import record_address
from triage.correlate.shift import PageShift
from triage.instructions import Access, accesses, faulting
from triage.model import Boot, Crash, Link, Notice

LINE = 64
GIB_SHIFT = 30
NOT_POINTERS = {
    "sp",
    "pc",
    "lr",
    "pstate",
    "cs",
    "ss",
    "ds",
    "es",
    "eflags",
    "cr0",
    "cr2",
    "cr3",
    "cr4",
    "rip",
    "rsp",
    "fs",
    "gs",
    "epc",
    "ra",
}
X86_LINEAR = ((0xFFFF888000000000, 0xFFFFC88000000000), (0xFF11000000000000, 0xFF91000000000000))
MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address of the crash; `physical` is None where only an inferred base could translate it."""

    via: str
    value: int
    physical: int | None = None
    exact: bool = False
    translation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Registers that fit a page under one inferred base of the linear map."""

    track: Track
    base: int  # virtual minus physical
    line: bool
    addresses: tuple[Address, ...]
    tested: int
    chance_log2: float


def page_offset(crash: Crash, value: int) -> int:
    """Where the arm64 linear map starts: -(1 << VA_BITS) (arch/arm64/include/asm/memory.h).

    An external abort does not print VA_BITS: it is 52 where the address lies below the start for 48.
    """
    bits = crash.va_bits or (52 if value >> 51 == 0xFFF << 1 else 48)
    return -(1 << bits) & MASK


def printed_phys_offset(boot: Boot) -> int | None:
    """PHYS_OFFSET as an arm64 panic prints it; None if it was not printed.

    PHYS_OFFSET: 0x40000000
    """
    values = (e.values.get("phys_offset") for e in boot.events if isinstance(e, Notice) and e.what == "layout")
    return next((value for value in values if isinstance(value, int)), None)


def addresses(crash: Crash, boot: Boot, consumed: Consumption | None) -> list[Address]:
    """Every address of the crash that may point into a page, with its physical address where that is sure."""
    found: list[Address] = []
    if consumed and consumed.error and consumed.error.physical_address is not None:
        bank = consumed.error.mca.get("bank")
        via = f"MCi_ADDR bank {bank}" if bank is not None else "machine check address"
        physical = consumed.error.physical_address
        found.append(Address(via=via, value=physical, physical=physical, exact=True, translation="hardware"))
    if boot.core is not None:
        told = {(address.via, address.physical) for address in found}  # the log and the core tell one machine check
        found += [
            Address(
                via=fact.via,
                value=fact.address,
                physical=fact.physical_address,
                exact=fact.exact,
                translation=fact.translation,
            )
            for fact in boot.core.addresses
            if (fact.via, fact.physical_address) not in told
        ]
    known = {address.via for address in found}
    return found + [address for address in from_log(crash, boot) if address.via not in known]


def from_log(crash: Crash, boot: Boot) -> list[Address]:
    """The registers, the fault address and the address of the faulting access, translated where the log allows."""
    offset = printed_phys_offset(boot)
    return [translated(crash, via, value, exact, offset) for via, value, exact in raw(crash)]


def raw(crash: Crash) -> Iterator[tuple[str, int, bool]]:
    """(name, value, exact) of each address that the log shows."""
    if crash.fault_address is not None:
        yield "fault address", crash.fault_address, True
    used = accessed(crash)
    yield from ((access.via, access.address, True) for access in used)
    for name, value in crash.registers.items():
        if name not in NOT_POINTERS and name not in {access.via for access in used}:
            yield name, value, False


def accessed(crash: Crash) -> list[Access]:
    """What the faulting instruction of an arm64 abort read or wrote; its registers hold the values from before it.

    On x86 consuming poison raises a machine check, whose registers need not be those of the access.
    """
    if crash.arch != "arm64" or not (code := faulting(crash.arch, crash.code)):
        return []
    return [access for access in accesses(crash.arch, code, 0, crash.registers) if access.via != "pc-relative"]


def translated(crash: Crash, via: str, value: int, exact: bool, offset: int | None) -> Address:
    """The address with its physical one, if it lies in the linear map and the map's base is known."""
    value = untag(value, crash.arch)
    base = linear_base(crash, value, offset) if in_linear_map(value, crash) else None
    physical = (value - base) & MASK if base is not None else None
    if physical is None or physical >> 52:
        return Address(via=via, value=value, exact=exact)
    return Address(via=via, value=value, physical=physical, exact=exact, translation="log")


def linear_base(crash: Crash, value: int, offset: int | None) -> int | None:
    """Virtual minus physical address in the linear map, where the log tells: never on x86, which randomises it.

    arm64: from PHYS_OFFSET. A kernel built for 52-bit addresses on a processor with 48 prints a negative one, since it
    moves memstart_addr and keeps the page offset of 52 bits: `PHYS_OFFSET: 0xfff1000000000000`. ppc64 (book3s64):
    always 0xc000000000000000.
    """
    if crash.arch == "arm64" and offset is not None:
        return (-(1 << 52) if offset >> 52 else page_offset(crash, value)) - offset
    return 0xC000000000000000 if crash.arch == "ppc64" else None


def untag(value: int, arch: str | None) -> int:
    """An arm64 kernel address without its tag byte (bits 56-63, MTE and KASAN)."""
    return value | 0xFF << 56 if arch == "arm64" and value >> 55 & 1 else value


def in_linear_map(value: int, crash: Crash) -> bool:
    """Whether a virtual address lies where the architecture maps all memory."""
    if crash.arch == "arm64":
        start = page_offset(crash, value)
        return start <= value < start + ((MASK + 1 - start) >> 1)
    if crash.arch == "x86_64":
        return any(low <= value < high for low, high in X86_LINEAR)
    if crash.arch == "ppc64":
        return value >> 60 == 0xC
    return False


# ---------------------------------------------------------------- sure addresses


def match(track: Track, physical: int, shift: PageShift) -> str | None:
    """`line` if a record of the page names the same aligned 64 bytes, `page` if it is the same page, None if neither.

    A record that vouches for no less than more than a page matches no line.
    """
    bits = track.page.page_shift
    for record in track.records:
        address = record_address(record, shift)
        coarse = record.granularity is not None and bits is not None and record.granularity > 1 << bits
        if address is not None and not coarse and address // LINE == physical // LINE:
            return "line"
    return "page" if bits is not None and physical >> bits == track.page.pfn else None


def sure_links(track: Track, found: Sequence[Address], shift: PageShift, lag: float | None) -> Iterator[Link]:
    """The routes from the crash to the page whose translation is certain."""
    for address in found:
        how = match(track, address.physical, shift) if address.physical is not None else None
        if how is not None:
            yield Link(
                pfn=track.page.pfn,
                match=how,  # type: ignore[arg-type]
                via=address.via,
                address=address.value,
                translation=address.translation,  # type: ignore[arg-type]
                granularity=track.page.granularity,
                lag_seconds=lag,
                exact=address.exact,
            )


# ---------------------------------------------------------------- inferred base


def alignment_shift(crash: Crash, shift: PageShift) -> int:
    """The linear map's base is aligned to 1 GiB, on arm64 with 64 KiB pages to 512 MiB."""
    return 29 if crash.arch == "arm64" and shift.bits == 16 else GIB_SHIFT


def guess(track: Track, found: Sequence[Address], crash: Crash, shift: PageShift) -> Guess | None:
    """The base under which registers fall into the page's reported line, else into the page; None if none fits.

    The base is a hypothesis: virtual - physical must be aligned. One register of 31 fits a line by chance once in about
    2**18, a 4 KiB page in 2**13, a 64 KiB page in 2**8.
    """
    bits = track.page.page_shift
    pool = [address for address in found if address.physical is None and in_linear_map(address.value, crash)]
    if bits is None or not pool or crash.arch not in ("arm64", "x86_64"):
        return None
    align = alignment_shift(crash, shift)
    lines = {
        a // LINE for r in track.records if (a := record_address(r, shift)) is not None and a >> bits == track.page.pfn
    }
    for is_line, size, targets in ((True, LINE, lines), (False, 1 << bits, {track.page.pfn})):
        for target in sorted(targets):
            fit = [a for a in pool if (a.value - target * size) % (1 << align) < size]
            if fit:
                base = fit[0].value // size * size - target * size
                chance = len({a.value for a in pool}).bit_length() - (align - (size.bit_length() - 1))
                return Guess(
                    track=track,
                    base=base & MASK,
                    line=is_line,
                    addresses=tuple(fit),
                    tested=len(pool),
                    chance_log2=chance,
                )
    return None


def guessed_links(fit: Guess, shift: PageShift, lag: float | None) -> Iterator[Link]:
    """The routes that an inferred base opens."""
    for address in fit.addresses:
        yield Link(
            pfn=fit.track.page.pfn,
            match="line" if match(fit.track, (address.value - fit.base) & MASK, shift) == "line" else "page",
            via=address.via,
            address=address.value,
            translation="inferred",
            granularity=fit.track.page.granularity,
            lag_seconds=lag,
            exact=address.exact,
        )
