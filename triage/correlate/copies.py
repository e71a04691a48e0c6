"""Which reports tell of one physical error: firmware, EDAC and the machine check code each print it in their own words.

{1}[Hardware Error]:   physical_address: 0x000000040272d080
EDAC MC0: 1 UE multi-bit ECC on P1_DIMM_C0 (node:0 card:1 module:0 page:0x40272d offset:0x80 ...)

Reports of one reporter are errors of their own, so the k-th of one is paired with the k-th of another: a storm that all
of them tell counts as often as one of them tells it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from triage.correlate.consumption import is_memory
from triage.correlate.reports import SAME_EVENT, is_outcome, is_uncorrected, is_untold
from triage.logs.decode.mca import FIRMWARE_BANK
from triage.model import HardwareError

PAGE_SHIFTS = (12, 14, 16)  # of 4, 16 and 64 KiB: what the kernels of machines that report pages have
LINES = 64  # that may stand between two reports of one error where no line has a time
NEIGHBOURS = 8  # reports on either side that a remark may be about


def copies(errors: Sequence[HardwareError]) -> list[int | None]:
    """For each error, in their order, the place of the one that it repeats; None for an error of its own."""
    firsts: dict[Hashable, list[int]] = defaultdict(list)  # what an error is about -> errors of their own
    paired: dict[tuple[Hashable, str], int] = defaultdict(int)  # ... and reporter -> how many of those it has told of
    known = set[tuple[Hashable, int]]()
    found: list[int | None] = []
    for place, error in enumerate(errors):
        who, first = reporter(error), None
        if about := remarked(error):
            found.append(beside(errors, place, about, before_only=is_outcome(error)))
            continue
        sought, kept = subjects(error)
        for key in sought:
            rest = firsts[key]
            at = paired[key, who]
            while at < len(rest) and not together(errors[rest[at]], error):
                at += 1
            paired[key, who] = at
            if at < len(rest):
                paired[key, who], first = at + 1, rest[at]
                break
        found.append(first)
        for key in kept:  # what a copy names, its original is found by too
            if (key, told := place if first is None else first) not in known:
                known.add((key, told))
                firsts[key].append(told)
                paired[key, who] = paired[key, reporter(errors[told])] = len(firsts[key])
    return [original(found, place) for place in range(len(found))]


def original(found: Sequence[int | None], place: int) -> int | None:
    """The error of its own at the end of a chain of copies: a remark may stand beside a copy."""
    at = found[place]
    return at if at is None or found[at] is None else found[at]


def remarked(error: HardwareError) -> tuple[str, ...]:
    """The kinds of record that a remark of a driver is about; empty for a record.

    mce: [Hardware Error]: Machine check events logged
    [Firmware Warn]: GHES: Unhandled processor error type 0x08: micro-architectural error
    xhci_hcd 0000:97:00.0: AER: can't recover (no error_detected callback)
    """
    if is_outcome(error):
        return ("aer", "dpc", "ghes", "cxl", "eeh")
    if error.detail.get("undecoded"):
        return ("mce", "mce_amd", "mcelog", "edac", "edac_mce", "ghes")
    return ("ghes",) if error.kind == "ghes_note" else ()


def beside(
    errors: Sequence[HardwareError], place: int, kinds: tuple[str, ...], *, before_only: bool = False
) -> int | None:
    """The place of the record that stands beside a remark, the one before it first."""
    before = range(place - 1, max(place - NEIGHBOURS, 0) - 1, -1)
    behind = range(place + 1, place + 1 if before_only else min(place + NEIGHBOURS, len(errors)))
    near = (at for at in (*before, *behind) if errors[at].kind in kinds and together(errors[at], errors[place]))
    return next(near, None)


def untold(errors: Sequence[HardwareError]) -> int:
    """How many errors of their own do not say how bad they are."""
    return sum(is_untold(error) for error, first in zip(errors, copies(errors), strict=True) if first is None)


def named_copies(errors: Sequence[tuple[str, HardwareError]]) -> dict[str, str]:
    """The ids of the errors that repeat another, with its id."""
    names = [name for name, _ in errors]
    found = zip(names, copies([error for _, error in errors]), strict=True)
    return {name: names[original] for name, original in found if original is not None}


def reporter(error: HardwareError) -> str:
    """Who tells: a kind of record, or the kernel's mirror of a GHES memory error as a machine check."""
    return "mirror" if error.mca.get("bank") == FIRMWARE_BANK else error.kind


def together(first: HardwareError, second: HardwareError) -> bool:
    """Whether two reports stand so near each other that they can be of one error."""
    if first.time is None or second.time is None:
        lines = abs(first.first_line - second.first_line)
        return first.time is second.time and first.source == second.source and lines <= LINES
    return abs(first.time - second.time) <= SAME_EVENT


def frames(error: HardwareError) -> list[int]:
    """The page frames an error may mean, for every page size that a kernel can have."""
    if error.page:
        return [error.page]
    return [error.physical_address >> shift for shift in PAGE_SHIFTS] if error.physical_address is not None else []


def subjects(error: HardwareError) -> tuple[list[Hashable], list[Hashable]]:
    """What an error is about: where to look for another reporter's word of it, the surest first, and where to be found.

    Of two reports of a memory error one may not say which page: AMD's decoder has an address within the channel only.
    """
    how = is_uncorrected(error), error.previous_boot
    if not is_memory(error):
        named = device_or_core(error)
        return [(how, *name) for name in named], [(how, *name) for name in named]
    pages: list[Hashable] = [(how, "page", frame) for frame in frames(error)]
    unplaced, placed_or_not = (how, "unplaced"), (how, "memory")
    return ([*pages, unplaced], [*pages, placed_or_not]) if pages else ([placed_or_not], [unplaced, placed_or_not])


def device_or_core(error: HardwareError) -> list[tuple[Hashable, ...]]:
    """The PCI device, the machine check bank with its status, or the core's APIC id, whichever a report names."""
    mca = error.mca
    bank = ("bank", error.cpu, mca.get("bank"), mca["status"]) if mca.get("status") is not None else None
    apic = mca.get("apic") if "apic" in mca else error.location.get("apic")
    core = ("apic", int(apic, 16) if isinstance(apic, str) else apic) if apic is not None else None
    device = ("device", error.device) if error.device else None
    return [name for name in (device, bank, core) if name]
