"""The stack of a CPU that went down, and in it the frame of the code that was interrupted by the fatal event."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from drgn import Object, StackFrame

from triage.vmcore.core import DAMAGE, Core

# functions between the fatal event and the dump: delays, panic, oops printing, exception entry. What comes first below
# them is what crashed.
_MACHINERY = re.compile(
    r"^(?:v?panic|nmi_panic|check_panic_on_warn|__?crash_kexec|crash_kexec|crash_(?:save|setup|smp|nmi|shutdown)\w*"
    r"|machine_(?:kexec|crash_shutdown|restart|halt)|native_machine_\w+|mce_\w+|do_machine_check|wait_for_panic"
    r"|oops_\w+|die|die_\w+|__die\w*|make_task_dead|notify_die|report_bug|handle_bug|fixup_bug|bug_handler|brk_handler"
    r"|(?:asm_|noist_|__)?exc_\w+|error_entry|paranoid_entry|end_repeat_nmi|page_fault_oops|kernelmode_fixup_or_oops"
    r"|do_(?:trap|error_trap|int3|sea|mem_abort|translation_fault|page_fault|bad_area|alignment_fault|serror|undefinstr"
    r"|el1_\w+|tag_\w+|debug_exception|nmi|kern_addr_fault|user_addr_fault)|handle_page_fault|no_context"
    r"|_*bad_area\w*|__do_kernel_fault|arm64_\w+|apei_claim_sea|el[01][^\W_]*+_\w+"
    r"|default_do_nmi|unknown_nmi_error|nmi_handle|io_check_error|pci_serr_error)$"
)
_ENTRIES = ("panic", "vpanic", "die", "oops_end", "__crash_kexec", "crash_kexec", "do_machine_check", "nmi_panic")
_ASYNCHRONOUS = re.compile(r"nmi|el1h_64_(?:irq|fiq|error)|serror")
_KERNEL = 1 << 63


@dataclass(slots=True)
class Stack:
    """Frames from the innermost; `fault` is the index of the frame that the fatal event interrupted or that called
    panic(), `exception` whether it was interrupted, by an access of its own (`synchronous`)."""

    frames: list[StackFrame]
    fault: int | None = None
    exception: bool = False
    synchronous: bool = False


def stack_of(core: Core, task: Object) -> Stack:
    """The stack of a task on a CPU, or of saved registers, restarted where the unwind information has a hole."""
    frames = list(core.prog.stack_trace(task))
    if core.arch == "x86_64":
        frames = _past_crash_kexec(core, frames)
    if core.arch == "arm64":
        frames = _with_exception_registers(core, frames)
    core.unwound |= {pc - back for frame in frames if (pc := pc_of(frame)) is not None for back in (0, 1)}
    stack = Stack(frames)
    _find_fault(stack)
    return stack


def name_of(frame: StackFrame) -> str:
    """The function of a frame without compiler suffixes (`foo.isra.0`, `foo.cold`)."""
    return (frame.name or "").split(".")[0]


def _find_fault(stack: Stack) -> None:
    """Skip the machinery. The delay loop of panic() may itself be interrupted by a timer, so that what counts is the
    outermost of an unbroken run of machinery, seen from the innermost panic() or die()."""
    names = [name_of(frame) for frame in stack.frames]
    start = next((i for i, name in enumerate(names) if name in _ENTRIES), None)
    if start is None:
        _oops_registers(stack)
        return
    end = start
    while end < len(names) and _MACHINERY.match(names[end]):
        end += 1
    if end >= len(names) or (pc_of(stack.frames[end]) or 0) < _KERNEL:
        return
    stack.fault = end
    stack.exception = stack.frames[end].interrupted or _is_exception_entry(names[end - 1])
    stack.synchronous = stack.exception and not any(_ASYNCHRONOUS.search(name) for name in names[start:end])


def _oops_registers(stack: Stack) -> None:
    """kdump on an oops saves the registers of the exception itself (crash_kexec(regs) in oops_end() and die())."""
    if stack.frames and (pc_of(stack.frames[0]) or 0) >= _KERNEL:
        stack.fault, stack.exception, stack.synchronous = 0, True, True


def _is_exception_entry(name: str) -> bool:
    return name.startswith(("asm_exc_", "el1h_64_", "el1_", "error_entry"))


def pc_of(frame: StackFrame) -> int | None:
    """The frame's instruction pointer; None if it could not be recovered."""
    try:
        return int(frame.pc)
    except LookupError:
        return None


def _past_crash_kexec(core: Core, frames: list[StackFrame]) -> list[StackFrame]:
    """ORC has no entry for __crash_kexec() (STACK_FRAME_NON_STANDARD), where the registers of a kdump core point when
    panic() was called by hand: restart at the return address of the call to it."""
    begin = core.prog.symbol("__crash_kexec") if core.symbol_address("__crash_kexec") else None
    if not frames or begin is None or not begin.address <= (pc_of(frames[0]) or 0) < begin.address + begin.size:
        return frames
    if frames[0].is_inline:
        return frames  # debug info describes the function, nothing was lost
    registers = frames[0].registers()
    for address in range(registers["rsp"], registers["rsp"] + 0x600, 8):
        value = core.prog.read_u64(address)
        if _is_call_to(core, value, begin.address):
            return frames[:1] + list(core.prog.stack_trace(_x86_registers(core, registers, value - 1, address + 8)))
    return frames


def _is_call_to(core: Core, value: int, target: int) -> bool:
    if value >> 31 != 0x1FFFFFFFF:
        return False
    try:
        code = core.prog.read(value - 5, 5)
    except DAMAGE:
        return False
    (distance,) = struct.unpack_from("<i", code, 1)
    return bool(code[0] == 0xE8 and (value + distance) & 0xFFFFFFFFFFFFFFFF == target)


def _x86_registers(core: Core, known: dict[str, int], pc: int, sp: int) -> Object:
    """A pt_regs with the callee-saved registers of a frame, for the unwinder."""
    kind = core.prog.type("struct pt_regs")
    values = {name: known.get("r" + name, 0) for name in ("bx", "bp")} | {
        name: known.get(name, 0) for name in ("r12", "r13", "r14", "r15")
    }
    values |= {"ip": pc, "sp": sp}
    raw = bytearray(kind.size or 0)
    for member in kind.members or ():
        if member.name in values:
            struct.pack_into("<Q", raw, member.offset, values[member.name])
    return Object.from_bytes_(core.prog, kind, bytes(raw))


def _with_exception_registers(core: Core, frames: list[StackFrame]) -> list[StackFrame]:
    """On arm64 drgn follows frame pointers, which carry no other register across an exception. The entry code links a
    frame record inside the pt_regs it saved (struct pt_regs.stackframe): restart from each such pt_regs."""
    kind = core.prog.type("struct pt_regs")
    if not frames or not kind.has_member("stackframe"):
        return frames
    offset, size = kind.member("stackframe").offset, kind.size or 0
    done: list[StackFrame] = []
    record, rest = _register(frames[0], "x29"), frames
    for _ in range(64):
        if record is None or record >> 63 == 0:
            break
        following, address = struct.unpack("<QQ", core.prog.read(record, 16))
        saved = Object(core.prog, "struct pt_regs *", value=record - offset)
        if _is_saved(saved, address, following, record - offset + size):
            inner = _until(rest, int(saved.pc))
            done, rest = done + inner, list(core.prog.stack_trace(saved))
            following = int(saved.regs[29])
        record = following if following > record else None
    return done + rest


def _is_saved(saved: Object, address: int, following: int, end: int) -> bool:
    """Whether the record lies in a pt_regs: it repeats pc and x29, or (6.13 on) is zero with a type behind it."""
    try:
        pc, fp, sp = int(saved.pc), int(saved.regs[29]), int(saved.sp)
    except DAMAGE:
        return False
    if (address, following) == (0, 0):
        return pc >> 63 == 1 and sp == end
    return pc == address and fp == following and pc >> 63 == 1


def _until(frames: Sequence[StackFrame], pc: int) -> list[StackFrame]:
    """The frames inside the exception: those before the one that was interrupted at `pc`."""
    for at, frame in enumerate(frames):
        if at and pc_of(frame) in (pc, pc + 4, pc - 4):
            return list(frames[:at])
    return list(frames)


def _register(frame: StackFrame, name: str) -> int | None:
    try:
        return int(frame.register(name))
    except (LookupError, ValueError):
        return None
