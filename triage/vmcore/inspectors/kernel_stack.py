"""Kernel stacks: with VMAP_STACK (x86-64 and arm64) vmalloc areas that a task names, else linear memory."""

from __future__ import annotations

from drgn import Object

from triage.vmcore import tasks, translate, vmap
from triage.vmcore.core import DAMAGE, Core
from triage.vmcore.finding import Finding
from triage.vmcore.objects import task_name
from triage.vmcore.page import Page

ORDER = 45
_STACK = 16384  # THREAD_SIZE of x86-64 and arm64
# who allocates a stack: alloc_thread_stack_node(), inlined into one of its callers (kernel/fork.c)
_FORK = (
    "alloc_thread_stack_node",
    "dup_task_struct",
    "copy_process",
    "kernel_clone",
    "kernel_thread",
    "create_io_thread",
)


def inspect(page: Page) -> Finding | None:
    """`kernel-stack` with the task; without one if the stack is kept for the next task (a per-CPU cache of two)."""
    if page.type_name is not None or page.mapping or page.refcount < 1:
        return None
    area = vmap.find(page)
    if area is None:
        return _by_task(page) if page.core.holes else _linear(page)
    owner = _owner(page.core, area.start, 1)
    if owner is None and area.caller not in _FORK:
        return None
    finding = Finding(type="kernel-stack", why="its vmalloc area is a task's stack", detail={"address": area.address})
    if owner is None:
        whose = "whose task is not among those in the dump" if page.core.holes else "which no task uses now"
        finding.why = f"its vmalloc area was made by {area.caller}() for a stack, {whose}"
    else:
        finding.detail["task"] = task_name(owner)
    return finding


def _by_task(page: Page) -> Finding | None:
    """The list of vmalloc areas is broken: translate every task's stack, page by page."""
    for task in tasks.threads(page.core):
        with page.core.skipping():
            start = int(task.stack)
            for address in range(start, start + _STACK, page.core.page_size):
                if translate.physical(page.core, address) == page.physical:
                    detail = {"task": task_name(task), "address": address}
                    return Finding(type="kernel-stack", why="a task's stack is mapped here", detail=detail)
    return None


def _linear(page: Page) -> Finding | None:
    if page.core.prog.type("struct task_struct").has_member("stack_vm_area"):
        return None
    owner = _owner(page.core, page.virtual, _STACK)
    if owner is None:
        return None
    detail = {"task": task_name(owner), "address": page.virtual}
    return Finding(type="kernel-stack", why="a task's stack lies here", detail=detail)


def _owner(core: Core, address: int, size: int) -> Object | None:
    """The task whose stack begins at, or at most `size` bytes before, an address."""
    for task in tasks.threads(core):
        try:
            if 0 <= address - int(task.stack) < size:
                return task
        except DAMAGE as error:
            core.skipped(error)
            continue
    return None
