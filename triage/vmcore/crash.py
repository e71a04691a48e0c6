"""What the machine was doing when it went down: task, CPU, stack, registers; on a broadcast machine check those of the
CPU that consumed the error, not of the one that happened to call panic()."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from drgn import Object, StackFrame
from drgn.helpers.linux.sched import cpu_curr, task_cpu

from triage.vmcore import corenotes, machinecheck, unwind
from triage.vmcore.core import DAMAGE, Core

_FRAMES = 64


@dataclass(slots=True)
class Context:
    """The crash context and what the address rules need of it."""

    facts: dict[str, Any] = field(default_factory=dict)  # CoreFacts.crash
    stack: unwind.Stack = field(default_factory=lambda: unwind.Stack([]))
    checks: list[machinecheck.MachineCheck] = field(default_factory=list)
    cpu: int | None = None

    @property
    def frame(self) -> StackFrame | None:
        """The frame that was interrupted, or that called panic()."""
        return None if self.stack.fault is None else self.stack.frames[self.stack.fault]


def context(core: Core) -> Context:
    """The crash context of a core; empty, with a note, where the kernel had not crashed."""
    found = Context()
    task = core.attempt("crashed task", lambda: _panicking_task(core), None)
    found.checks = core.attempt("machine checks", lambda: machinecheck.machine_checks(core), found.checks)
    victim = machinecheck.victim(found.checks)
    if task is None:
        with core.noting("stack of the crashed CPU"):
            found.cpu, found.stack = _by_registers(core)
            found.facts |= {"cpu": found.cpu} | _stack(core, found)
        return found
    found.cpu = core.attempt("CPU of the crashed task", lambda: int(task_cpu(task)), None)
    if victim is not None and found.cpu is not None and victim.cpu != found.cpu:
        found.facts["panic_cpu"], found.facts["victim_cpu"] = found.cpu, victim.cpu
        task = core.attempt("victim of the machine check", lambda: cpu_curr(core.prog, victim.cpu), task)
        found.cpu = victim.cpu
    with core.noting("crashed task"):
        found.facts |= _task(task, found.cpu)
    with core.noting("stack of the crashed task"):
        found.stack = _unwind(core, task)
        found.facts |= _stack(core, found)
    return found


def _unwind(core: Core, task: Object) -> unwind.Stack:
    """The task's stack; where its task_struct is not in the dump, from the registers in the dump's notes."""
    try:
        return unwind.stack_of(core, task)
    except DAMAGE:
        _, stack = _by_registers(core)
        core.note("the crashed task is not in the dump; its stack was unwound from the saved registers")
        return stack


def _by_registers(core: Core) -> tuple[int, unwind.Stack]:
    """The CPU that panicked, and its stack from the registers that the dump's notes hold of it."""
    panicked = core.variable("panic_cpu")
    cpu = max(0, int(panicked.counter)) if panicked is not None else 0
    saved = corenotes.registers(corenotes.notes(core.path, core.format), cpu)
    if saved is None:
        raise LookupError("the dump's notes hold no registers")
    kind = core.prog.type("struct pt_regs")
    raw = saved[: kind.size].ljust(kind.size or 0, b"\0")
    return cpu, unwind.stack_of(core, Object.from_bytes_(core.prog, kind, raw))


def _panicking_task(core: Core) -> Object:
    try:
        return core.prog.crashed_thread().object
    except DAMAGE:
        cpu = core.variable("panic_cpu")
        if cpu is None or int(cpu.counter) < 0:
            raise
        return cpu_curr(core.prog, int(cpu.counter))


def _task(task: Object, cpu: int | None) -> dict[str, Any]:
    comm = task.comm.string_().decode("utf-8", "replace")
    return {"task": comm, "comm": comm, "pid": int(task.pid), "cpu": cpu}


def _stack(core: Core, found: Context) -> dict[str, Any]:
    facts: dict[str, Any] = {"trace": [_frame(core, frame) for frame in _kernel_frames(found)]}
    frame = found.frame
    if frame is None:
        return facts
    where = core.symbol(_code_address(frame))
    if where is not None:
        facts |= {"function": where[0].split(".")[0]} | _offset(where, frame)
    if found.stack.exception:
        facts["registers"] = frame.registers()
    facts["exception"] = found.stack.exception
    return facts


def _offset(where: tuple[str, int, int], frame: StackFrame) -> dict[str, int]:
    """Offset in and size of the symbol that holds a frame's `_code_address`."""
    return {"offset": where[1] + (0 if frame.interrupted else 1), "size": where[2]}


def _kernel_frames(found: Context) -> list[StackFrame]:
    """The frames from the crash outwards, without the machinery above it and without user space."""
    frames = found.stack.frames[found.stack.fault or 0 :]
    return [frame for frame in frames if (unwind.pc_of(frame) or 0) >> 63][:_FRAMES]


def _code_address(frame: StackFrame) -> int:
    """An address inside the frame's function: the return address of a call that never returns lies behind it."""
    return (unwind.pc_of(frame) or 0) - (0 if frame.interrupted else 1)


def _frame(core: Core, frame: StackFrame) -> dict[str, Any]:
    address = unwind.pc_of(frame) or 0
    where = core.symbol(_code_address(frame))
    entry: dict[str, Any] = {
        "function": (frame.name or (where[0] if where else f"{address:#x}")).split(".")[0],
        "address": address,
        "inline": bool(frame.is_inline),
    }
    if where is not None and not frame.is_inline:  # the symbol is that of the function it was inlined into
        entry |= _offset(where, frame)
    module = core.module_of(address)
    if module is not None:
        entry["module"] = module
    with suppress(LookupError):
        entry["file"], entry["line"], _ = frame.source()
    return entry
