"""All that is asked of one core, what is most worth having first: identity, log, counters, crash, pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from triage.model import AddressFact
from triage.vmcore import accounting, causation, classify, crash, kernellog, minicore, poison, translate, unread
from triage.vmcore.core import Core, KernelLog
from triage.vmcore.opening import open_core
from triage.vmcore.page import valid_ranges
from triage.vmcore.wire import Request

_MAX_PAGES = 4096  # described one by one; more are only counted
_MAX_RECORDED = 16  # pages described that only an error record names


def survey(request: Request) -> Iterator[tuple[str, Any]]:
    """The parts of the answer (`wire.py`), each as soon as it is known."""
    core = open_core(request.path, request.vmlinux, request.debug_dirs, record=request.minicore is not None)
    yield "facts", identity(core)
    core.log = core.attempt("kernel log", lambda: kernellog.read_log(core), KernelLog())
    yield "facts", {"log": core.log.text, "notes": core.notes}
    if core.typed:
        yield "facts", _accounts(core)
        yield "facts", _crash(core)
        yield from _pages(core, request)
    if request.minicore is not None and core.recorder is not None:
        with core.noting(f"minicore {request.minicore}"):
            minicore.write(core, core.recorder, request.minicore)
    yield "facts", {"notes": core.notes}


def identity(core: Core) -> dict[str, Any]:
    """What the core is, without types as far as VMCOREINFO goes."""
    crash_time = core.info.get("CRASHTIME")
    return {
        "format": core.format,
        "types": core.types,
        "arch": core.arch,
        "kernel": core.info.get("OSRELEASE"),
        "host": core.attempt("host name", lambda: _host(core), None) if core.typed else None,
        "build_id": core.info.get("BUILD-ID"),
        "crash_time": float(crash_time) if crash_time and crash_time.isdigit() else None,
        "page_shift": core.page_shift,
    }


def _host(core: Core) -> str | None:
    name = core.prog["init_uts_ns"].name.nodename.string_().decode("utf-8", "replace")
    return name if name not in ("", "(none)") else None


def _accounts(core: Core) -> dict[str, Any]:
    return {
        "counters": accounting.counters(core),
        "sysctls": core.attempt("sysctls", lambda: accounting.sysctls(core), dict[str, int]()),
        "injected_only": core.attempt("hw_memory_failure", lambda: accounting.injected_only(core), None),
        "poisoned_count": core.attempt("num_poisoned_pages", lambda: poison.poisoned_count(core), None),
    }


def _crash(core: Core) -> dict[str, Any]:
    context = crash.context(core)
    facts = core.attempt(
        "addresses of the crash", lambda: causation.addresses(core, context), tuple[AddressFact, ...]()
    )
    core.lines |= causation.lines(facts, core.page_size)
    core.log.addresses += [fact.physical_address for fact in facts if fact.translation == "hardware"]
    # an error record's page-aligned address as a rule stands for the page, not for its first line
    core.lines |= {address for address in core.log.addresses if address % core.page_size}
    return {"crash": context.facts, "addresses": facts}


def _pages(core: Core, request: Request) -> Iterator[tuple[str, Any]]:
    """The poisoned pages, the ones asked for, and those that the log names."""
    known = [(number, _frame_or_address(core, number)) for number in request.pfns]
    known += [(number, pfn) for number in request.addresses if (pfn := _frame(core, number)) is not None]
    yield "facts", {"asked": known}
    asked = [pfn for _, pfn in known]
    recorded = [address >> core.page_shift for address in core.log.addresses]
    suspects = [*core.log.pfns, *recorded, *asked]
    poisoned = core.attempt("poisoned pages", lambda: poison.find_poisoned(core, suspects), list[int]())
    # corrected errors may name thousands of healthy pages; some are described, for a record may be all there is
    wanted = list(dict.fromkeys([*poisoned, *asked, *core.log.pfns, *dict.fromkeys(recorded[-_MAX_RECORDED:])]))
    if len(wanted) > _MAX_PAGES:
        core.note(f"{len(wanted)} pages are poisoned or named; the first {_MAX_PAGES} are described")
    for pfn in wanted[:_MAX_PAGES]:
        yield "page", classify.inspect_page(core, pfn)
    lost = core.attempt("pages that are not in the dump", lambda: unread.pages(core, wanted), list[int]())
    if lost:
        core.note(unread.note(lost))
    yield "facts", {"unread": lost}


def _frame(core: Core, address: int) -> int | None:
    """The page frame of a virtual address, or of a physical one; None, with a note, if it is neither."""
    found = translate.physical(core, address) if address >> 63 else address
    if found is None:
        core.note(f"{address:#x} is not mapped in this core")
        return None
    if found % core.page_size and address >> 63:
        core.lines.add(found)  # somebody wants to know what lies just there
    return found >> core.page_shift


def _frame_or_address(core: Core, number: int) -> int:
    """A page frame number; one beyond all memory whose page as an address is memory was meant as a physical address."""
    ranges = core.attempt("memory map", lambda: valid_ranges(core), list[tuple[int, int]]())
    managed = [any(start <= pfn < end for start, end in ranges) for pfn in (number, number >> core.page_shift)]
    return number >> core.page_shift if managed == [False, True] else number
