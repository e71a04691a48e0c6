"""All tasks of a core, as many of them as can be read."""

from __future__ import annotations

from collections.abc import Iterator

from drgn import Object
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.sched import idle_task

from triage.vmcore import lists
from triage.vmcore.core import DAMAGE, Core


def processes(core: Core) -> Iterator[Object]:
    """`struct task_struct *` of every thread group leader."""
    yield from lists.entries(core, core.prog["init_task"].tasks, "struct task_struct", "tasks")


def threads(core: Core) -> Iterator[Object]:
    """Every thread, then the idle tasks."""
    for leader in processes(core):
        yield leader
        try:
            head = leader.signal.thread_head
        except DAMAGE as error:
            core.skipped(error)
            continue
        for thread in lists.entries(core, head, "struct task_struct", "thread_node"):
            if thread != leader:
                yield thread
    for cpu in for_each_possible_cpu(core.prog):
        yield idle_task(core.prog, cpu)
