"""Chooses, of all crashes of a boot, the one to explain: the first of the chain that ended the boot."""

from __future__ import annotations

from collections.abc import Sequence

from triage.model import Crash, Event

CHAIN = 60.0  # seconds; a crash this soon after another belongs to the same chain
CHAIN_DIED = 600.0  # the same where the later crash is tainted D: the kernel had already died once
MILD_TYPES = {"WARNING", "LOCKDEP", "ATOMIC_SLEEP", "LEAK", "REFCOUNT_WARNING", "KCSAN-DATARACE", "UBSAN"}


def is_mild(crash: Crash) -> bool:
    """Whether the kernel goes on after such a report unless panic_on_warn says otherwise."""
    return crash.type in MILD_TYPES and not crash.panicked and not crash.panic


def choose(crashes: Sequence[Crash]) -> Crash | None:
    """The first oops, BUG or panic of the chain that ended the boot; a mild report only if a panic_on_warn panic
    follows it.

    crashes: all of one boot, in time order. Returns None if there is none or only mild reports.
    """
    chain = chain_of(crashes)
    if not chain:
        return None
    on_warn = any("panic_on_warn" in (crash.panic or crash.title) for crash in chain)
    return next((crash for crash in chain if on_warn or not is_mild(crash)), None)


def chain_of(crashes: Sequence[Crash]) -> list[Crash]:
    """The crashes that hang together with the last serious one, oldest first."""
    serious = [i for i, crash in enumerate(crashes) if not is_mild(crash)]
    if not serious:
        return []
    panics = [i for i in serious if crashes[i].panicked or crashes[i].panic]
    last = panics[-1] if panics else serious[-1]
    chain = [crashes[last]]
    for crash in reversed(crashes[:last]):
        if not hangs_together(crash, chain[0]):
            break
        chain.insert(0, crash)
    return chain


def hangs_together(earlier: Crash, later: Crash) -> bool:
    """Whether the later crash probably follows from the earlier."""
    if earlier.time is None or later.time is None:
        return True
    return later.time - earlier.time <= (CHAIN_DIED if "D" in later.taint else CHAIN)


def before(event: Event, crash: Crash, order: dict[int, int]) -> bool:
    """Whether an event stands before a crash; by time where both have one, else by the order of the boot's events."""
    if event.time is not None and crash.time is not None:
        return event.time <= crash.time
    return order[id(event)] < order[id(crash)]
