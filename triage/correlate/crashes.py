"""Chooses, of all crashes of a boot, the one to explain: the first of the chain that ended the boot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from triage.correlate.consumption import is_machine_check
from triage.model import CoreFacts, Crash, Frame, Trace

CHAIN = 60.0  # seconds; a crash this soon after another belongs to the same chain
CHAIN_DIED = 600.0  # the same where the later crash is tainted D: the kernel had already died once
SYMBOL = re.compile(r"(?P<function>[A-Za-z_]\w*+)[\w.]*+\+(?P<offset>0x[0-9a-f]+)/(?P<size>0x[0-9a-f]+)")
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


# ---------------------------------------------------------------- what core and machine check add


def completed(crash: Crash, core: CoreFacts) -> Crash:
    """The crash with what only the core knows: task, CPU, and for a machine check the place where it struck."""
    known = from_core(core)
    names = ["task", "pid", "cpu", "kernel", "arch"]
    if is_machine_check(crash):
        names += ["function", "offset", "size", "module", "traces", "registers"]
    missing: dict[str, Any] = {n: known[n] for n in names if getattr(crash, n) in (None, (), {}) and known.get(n)}
    if crash.cpu is None and known.get("cpu") == 0:
        missing["cpu"] = 0
    return replace(crash, **missing) if missing else crash


def at_symbol(crash: Crash, symbol: str | None) -> Crash:
    """A machine check's panic with the place that the record's RIP line names: `__d_lookup+0x54/0x140`."""
    found = SYMBOL.match(symbol or "") if crash.function is None else None
    if found is None:
        return crash
    return replace(crash, function=found["function"], offset=int(found["offset"], 16), size=int(found["size"], 16))


def only_in_core(core: CoreFacts) -> Crash | None:
    """The crash of a core whose log does not show one; None if the core knows no function either."""
    known = from_core(core)
    if not known.get("function"):
        return None
    title = f"crash in {known['function']}"
    where: dict[str, Any] = {"kind": "core", "source": core.path, "first_line": 0, "last_line": 0}
    return Crash(**where, **known, title=title, header=(title,), panicked=True)


def from_core(core: CoreFacts) -> dict[str, Any]:
    """The fields of a crash that a core gives."""
    facts, names = core.crash, ("task", "pid", "cpu", "function", "offset", "size", "module")
    known: dict[str, Any] = {name: facts.get(name) for name in names if facts.get(name) is not None}
    known |= {name: value for name, value in (("kernel", core.kernel), ("arch", core.arch)) if value}
    registers = facts.get("registers")
    if isinstance(registers, dict):
        known["registers"] = {str(k): v for k, v in registers.items() if isinstance(v, int)}
    frames = tuple(frame(entry) for entry in facts.get("trace") or () if entry.get("function"))
    return known | ({"traces": (Trace(heading="Call trace (core):", frames=frames),)} if frames else {})


def frame(entry: dict[str, Any]) -> Frame:
    """A frame of the core's stack."""
    names = ("function", "offset", "size", "module", "file", "line", "address")
    known: dict[str, Any] = {name: entry.get(name) for name in names}
    return Frame(**known, inline=bool(entry.get("inline")))
