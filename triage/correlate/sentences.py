"""Clauses that several rules share: the crash, a page's error, how the two hang together; and the evidence that goes
with them."""

from __future__ import annotations

from collections.abc import Iterable

from triage.correlate.pages import Track
from triage.correlate.scene import Scene
from triage.correlate.words import cite, end_of, error_name, module, page_name, place_of, seconds
from triage.model import Evidence, HardwareError, MemoryFailure


def crash_clause(scene: Scene) -> str:
    """`d_lookup() took a synchronous external abort` or the like: the end of the summary."""
    crash = scene.crash
    if crash is None:
        return "the host did not crash"
    if scene.consumed and scene.consumed.kind == "abort":
        return f"{place_of(crash)} took a synchronous external abort"
    if scene.consumed:
        where = f" in {place_of(crash)}" if crash.function else ""
        return f"the kernel died of a machine check{where}"
    return f"the kernel crashed: {crash.title}"


def error_clause(track: Track) -> str:
    """`A multi-bit ECC error at 0x.. hit page 0x40272d, which the kernel ignored and left in use`."""
    if track.software_only:
        return f"Software marked {page_name(track.page)} as bad, {end_of(track.page)}"
    kind = "memory error" if not track.records or track.records[0].component == "memory" else "error"
    what = f"An uncorrected {kind} ({error_name(track.records[0])})" if track.records else "A memory error"
    part = module(track.page.location)
    return f"{what} {f'of {part} ' if part else ''}hit {page_name(track.page)}, {end_of(track.page)}"


def later(scene: Scene, track: Track) -> str:
    """`67.35 s later` or, where a time is missing, `afterwards`."""
    lag = scene.lag(track)
    if track.late:
        return "it was reported just after"
    return "afterwards" if lag is None else f"{seconds(lag)} later"


def record_evidence(track: Track) -> list[Evidence]:
    """What was reported of the page, one sentence per sort of report."""
    found = [cite(f"Recorded error: {error_name(error)} ({error.severity}).", error) for error in track.records[:3]]
    verdicts = [r for r in track.counted if isinstance(r, MemoryFailure) and r.result is not None]
    for verdict in verdicts[-2:]:
        before = [
            r for r in track.counted if isinstance(r, MemoryFailure) and r.action in ("unhandlable", "unknown-state")
        ]
        text = f'memory_failure() ended with "{verdict.label}: {verdict.result}" for {verdict.pfn:#x}'
        left = "; the page stayed in use." if track.page.open else "."
        same = [r for r in before if r.source == verdict.source and 0 <= verdict.first_line - r.first_line < 50]
        found.append(cite(text + left, verdict, *same))
    return found


def consumption_evidence(scene: Scene) -> list[Evidence]:
    """What the fault itself says."""
    if scene.consumed is None or scene.crash is None:
        return []
    return [cite(scene.consumed.says, scene.consumed.error or scene.crash)]


LIST = "list at"  # how those begin that tell of a list leading into a page: "list at rax"
LOADED = "loaded from"  # how a core's address facts end that tell where a bad pointer came from: "rbx loaded from"
TRANSLATED = {
    "core": ", translated by the core's page tables",
    "log": ", translated with the linear map's base that the log prints",
    "inferred": ", if the linear map's base is the one inferred from this match",
}


def link_evidence(scene: Scene, track: Track) -> list[Evidence]:
    """The address routes from the crash to the page in words, those of the faulting access first."""
    found = []
    for link in sorted(scene.linked(track), key=lambda link: not link.exact)[:4]:
        where = "the very 64-byte line that was reported" if link.match == "line" else f"page {track.page.pfn:#x}"
        use = "where it leads" if (link.via or "").startswith(LIST) else "register value at the crash"
        if link.exact:
            use = "reported by the machine check" if link.translation == "hardware" else "used by the faulting access"
        how = TRANSLATED.get(link.translation or "", "")
        text = (
            f"{link.via} = {link.address:#x} ({use}) lies in {where}{how}{coarse_words(link.granularity, link.match)}."
        )
        found.append(cite(text, scene.crash, addresses=[link.address] if link.address is not None else []))
    return found


def coarse_words(granularity: int | None, match: str) -> str:
    """That the reporter vouches for less than the match shows."""
    if granularity and granularity > (64 if match == "line" else 1 << 62):
        return f"; the reporter vouches only for {granularity} bytes"
    return ""


def corrected_evidence(errors: Iterable[HardwareError]) -> list[Evidence]:
    """That errors were corrected before the crash: no cause, but the reader should know."""
    corrected = [error for error in errors if error.severity == "corrected" and not error.previous_boot]
    if not corrected:
        return []
    total = sum(max(error.count, 1) for error in corrected)
    first = corrected[0]
    return [
        cite(
            f"{total} corrected error(s) in this boot, the first: {error_name(first)}; corrected errors hurt nothing.",
            first,
        )
    ]
