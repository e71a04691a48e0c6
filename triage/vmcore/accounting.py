"""What the kernel itself counted and was told: memory-failure counters, recovered hardware errors, sysctls."""

from __future__ import annotations

from typing import Any

from drgn import Object
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.mmzone import for_each_online_pgdat
from drgn.helpers.linux.percpu import per_cpu

from triage.vmcore.core import Core
from triage.vmcore.poison import poisoned_count

# sysctl -> variable, with the release of the newer ones
_SYSCTLS = {
    "vm.memory_failure_recovery": "sysctl_memory_failure_recovery",
    "vm.memory_failure_early_kill": "sysctl_memory_failure_early_kill",
    "vm.enable_soft_offline": "sysctl_enable_soft_offline",  # 6.11
    "vm.panic_on_unrecoverable_memory_failure": "sysctl_panic_on_unrecoverable_mf",  # 7.3
    "kernel.panic_on_oops": "panic_on_oops",
    "kernel.panic_on_warn": "panic_on_warn",
    "kernel.panic_on_unrecovered_nmi": "panic_on_unrecovered_nmi",
}


def sysctls(core: Core) -> dict[str, int]:
    """The sysctls that decide what a memory error does, by their names in /proc/sys with dots."""
    values = {name: core.variable(variable) for name, variable in _SYSCTLS.items()}
    return {name: int(value) for name, value in values.items() if value is not None}


def counters(core: Core) -> dict[str, Any]:
    """`num_poisoned_pages`; `queued`: PFNs; `mf_stats` by node (18f41fa616ee, 6.3); `hwerr` by source
    (3fa805c37dd4): [count, Unix seconds of the last]."""
    found: dict[str, Any] = {}
    count = core.attempt("num_poisoned_pages", lambda: poisoned_count(core), None)
    if count is not None:
        found["num_poisoned_pages"] = count
    found |= core.attempt("memory-failure statistics", lambda: _by_node(core), dict[str, Any]())
    found |= core.attempt("queue of memory failures", lambda: _queued(core), dict[str, Any]())
    found |= core.attempt("hwerr_data", lambda: _recovered_errors(core), dict[str, Any]())
    return found


def _by_node(core: Core) -> dict[str, Any]:
    if not core.prog.type("struct pglist_data").has_member("mf_stats"):
        return {}
    return {"mf_stats": {str(int(node.node_id)): _members(node.mf_stats) for node in for_each_online_pgdat(core.prog)}}


def _members(value: Object) -> dict[str, int]:
    return {m.name: int(value.member_(m.name)) for m in value.type_.members or () if m.name}


def queued(core: Core) -> list[int]:
    """The pages that memory_failure_queue() was told of (by firmware, in a context that may not sleep) and that nobody
    had handled when the machine died: what is left in each CPU's kfifo (struct memory_failure_cpu)."""
    variable = core.variable("memory_failure_cpu")
    found: list[int] = []
    for cpu in for_each_possible_cpu(core.prog) if variable is not None else ():
        fifo = per_cpu(variable, cpu).fifo
        ring = fifo.kfifo
        waiting = (int(ring.member_("in")) - int(ring.out)) & 0xFFFFFFFF
        entries = fifo.buf if waiting <= fifo.buf.type_.length else ()  # else damaged
        found += [int(entries[(int(ring.out) + at) & int(ring.mask)].pfn) for at in range(waiting if entries else 0)]
    return found


def _queued(core: Core) -> dict[str, Any]:
    pfns = queued(core)
    return {"queued": pfns} if pfns else {}


def _recovered_errors(core: Core) -> dict[str, Any]:
    """struct hwerr_info { atomic_t count; time64_t timestamp; } hwerr_data[]: {source: [count, time]}."""
    data = core.variable("hwerr_data")
    if data is None:
        return {}
    sources = core.prog.type("enum hwerr_error_type").enumerators or ()
    found = {}
    for source in sources:
        if source.name != "HWERR_RECOV_MAX":
            entry = data[source.value]
            name = source.name.removeprefix("HWERR_RECOV_").lower()
            found[name] = [int(entry.count.counter), int(entry.timestamp)]
    return {"hwerr": found}


def injected_only(core: Core) -> bool | None:
    """Whether no real memory failure ever happened: pages are poisoned, but `hw_memory_failure` (67f22ba7750f, 5.19) is
    still false. None where the kernel cannot tell, or nothing was poisoned."""
    flag = core.variable("hw_memory_failure")
    count = core.attempt("num_poisoned_pages", lambda: poisoned_count(core), None)
    if flag is None or not count:
        return None
    return not bool(flag)
