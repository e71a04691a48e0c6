"""From the crash to physical memory: the address the faulting instruction used, the registers, the machine checks."""

from __future__ import annotations

import re

from triage import instructions
from triage.model import AddressFact
from triage.vmcore import translate, unwind
from triage.vmcore.core import DAMAGE, Core
from triage.vmcore.crash import Context

_STEPS = 64  # of a list
_PAGES_READ = 64  # pages whose content is searched for a bad pointer
_NO_ADDRESS = {"rip", "pc", "rflags", "pstate", "cs", "ss", "ds", "es", "fs", "gs"}


def addresses(core: Core, context: Context) -> tuple[AddressFact, ...]:
    """Every address of the crash that leads to memory, the exact ones first, each expression once."""
    found = _machine_checks(context)
    frame = context.frame
    if frame is not None and context.stack.exception:
        registers = frame.registers()
        with core.noting("faulting instruction"):
            found += _instruction(core, context, registers)
        found += [fact for name, value in registers.items() if (fact := _register(core, name, value))]
    return tuple({fact.via: fact for fact in reversed(found)}.values())[::-1]


def _machine_checks(context: Context) -> list[AddressFact]:
    """Addresses that the hardware itself reported."""
    return [
        AddressFact(
            via=f"MCi_ADDR bank {check.bank}",
            address=check.address,
            physical_address=check.address,
            exact=True,
            translation="hardware",
        )
        for check in context.checks
        if check.address is not None
    ]


def _instruction(core: Core, context: Context, registers: dict[str, int]) -> list[AddressFact]:
    """The operands of the instruction that faulted. Exact only if the fault was its own: not after an interrupt or NMI,
    and after a machine check only if EIPV says that the saved instruction pointer is the one that erred."""
    assert context.frame is not None
    pc = unwind.pc_of(context.frame)
    if pc is None:
        return []
    precise = context.stack.synchronous and all(check.precise for check in context.checks if check.cpu == context.cpu)
    accesses = instructions.accesses(core.arch, _code(core, pc), pc, registers | _segments(core, context.cpu))
    targets = [(access, translate.physical(core, access.address)) for access in accesses]
    # where one operand leads nowhere, that one faulted, and what the others touch tells nothing
    exact = precise and not any(target is None and _is_bad(access.address) for access, target in targets)
    found = []
    for access, target in targets:
        if target is not None:
            found.append(AddressFact(via=access.via, address=access.address, physical_address=target, exact=exact))
        else:
            found += _loaded(core, access.via, registers) or _leading(core, access.via, registers)
    return found


def _is_bad(address: int) -> bool:
    """Whether an address that is not mapped for the kernel is none of user space either: near zero, or above it."""
    return address < 1 << 16 or address >> 55 != 0


def _loaded(core: Core, via: str, registers: dict[str, int]) -> list[AddressFact]:
    """Where the registers of an address that leads nowhere may have been loaded from: their very values in a page that
    the log calls bad. `general protection fault ... 0xa5a5a5a5a5a5a5bd`, rbx = 0xa5a5a5a5a5a5a5a5."""
    names = [name for name in re.findall(r"[a-z]\w+", via) if registers.get(name, 0) >> 32]
    found = []
    for pfn in core.log.pfns[:_PAGES_READ] if names else ():
        start = pfn << core.page_shift
        try:
            words = core.prog.read(start, core.page_size, physical=True)
        except DAMAGE:
            continue
        for name in names:
            offset = words.find(registers[name].to_bytes(8, "little"))
            if offset >= 0 and offset % 8 == 0:
                where = start + offset
                fact = AddressFact(
                    via=f"{name} loaded from", address=core.virtual(where), physical_address=where, exact=False
                )
                found.append(fact)
    return found


def _leading(core: Core, via: str, registers: dict[str, int]) -> list[AddressFact]:
    """Where the content of the bad pages is not in the dump: a list that a register points at and that leads into one.
    The walk that followed it read its next pointer there."""
    if not any(registers.get(name, 0) >> 32 for name in re.findall(r"[a-z]\w+", via)):
        return []
    gone = {pfn for pfn in core.log.pfns[:_PAGES_READ] if core.missing(pfn)}
    for name, start in registers.items() if gone else ():
        node, seen = start & ~1, set[int]()  # bit 0 of a list's head may be a lock (hlist_bl)
        while name not in _NO_ADDRESS and len(seen) < _STEPS and node not in seen:
            seen.add(node)
            target = translate.physical(core, node)
            if target is None:
                break
            if target >> core.page_shift in gone and len(seen) > 1:
                return [AddressFact(via=f"list at {name}", address=node, physical_address=target, exact=False)]
            try:
                node = core.prog.read_u64(node) & ~1
            except DAMAGE:
                break
    return []


def _code(core: Core, pc: int) -> bytes:
    """The instruction, as far as it lies in the core."""
    for length in range(instructions.LENGTH.get(core.arch, 4), 0, -1):
        try:
            return bytes(core.prog.read(pc, length))
        except DAMAGE:
            continue
    return b""


def _segments(core: Core, cpu: int | None) -> dict[str, int]:
    """In the kernel gs points at the CPU's per-CPU area."""
    offsets = core.variable("__per_cpu_offset") if core.arch == "x86_64" and cpu is not None else None
    return {} if offsets is None else {"gs_base": int(offsets[cpu])}


def _register(core: Core, name: str, value: int) -> AddressFact | None:
    if name in _NO_ADDRESS or value >> 63 == 0:
        return None
    target = translate.physical(core, value)
    return None if target is None else AddressFact(via=name, address=value, physical_address=target, exact=False)


def lines(facts: tuple[AddressFact, ...], page_size: int) -> set[int]:
    """Physical addresses that are known to the line: the exact ones, but not a machine check's page-aligned address,
    which as a rule stands for the page (MCi_MISC granularity of 4 KiB)."""
    return {
        f.physical_address for f in facts if f.exact and (f.translation == "core" or f.physical_address % page_size)
    }
