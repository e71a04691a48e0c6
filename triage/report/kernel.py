"""What the kernel of a core itself counted and was set to, as rows of a table."""

from __future__ import annotations

from triage.model import CoreFacts
from triage.report import words


def rows(core: CoreFacts) -> tuple[tuple[str, str], ...]:
    """(name, value) of each count and setting that the core tells.

    ("poisoned pages", "1"), ("memory failures, node 0", "total 1, ignored 1"), ("vm.memory_failure_recovery", "1")
    """
    crash, counters = core.crash, core.counters
    found = [("poisoned pages", None if core.poisoned_count is None else str(core.poisoned_count))]
    if core.injected_only is not None:
        found.append(("real memory failures", "none: software alone poisoned pages" if core.injected_only else "yes"))
    for node, counts in counters.get("mf_stats", {}).items():
        told = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
        found.append((f"memory failures, node {node}", told or "none"))
    if queued := counters.get("queued"):
        found.append(("reported and not handled yet", ", ".join(f"{pfn:#x}" for pfn in queued)))
    for source, (count, seconds) in counters.get("hwerr", {}).items():
        if count:
            found.append((f"recovered errors, {source}", f"{count}, the last {words.date(seconds)}"))
    if "victim_cpu" in crash:
        found.append(("CPU that consumed the error", f"{crash['victim_cpu']} (CPU {crash.get('panic_cpu')} panicked)"))
    found += [(name, str(value)) for name, value in core.sysctls.items()]
    return tuple((name, value) for name, value in found if value is not None)
