"""Machine instructions of a crash: the one that faulted, in words, and the address it accessed.

    f8627820  ldr x0, [x1, x2, lsl #3]      x1 + (x2 << 3)
    f8410420  ldr x0, [x1], #0x10           x1: post-index changes the base after the access
    48 8b 43 10  mov rax, [rbx + 0x10]      rbx + 0x10

Registers are those of the exception frame: an instruction that faults leaves its base and index registers as they were;
an interrupted `rep movs` has advanced rsi and rdi to the element that faulted. capstone decodes; this only adds up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

MARKED_BYTE = re.compile(r"<([0-9a-f]{2})>")
MARKED_WORD = re.compile(r"\(([0-9a-f]{8})\)")

_ALL = 0xFFFFFFFFFFFFFFFF
LENGTH = {"x86_64": 15, "arm64": 4}  # most bytes of one instruction


class Access(NamedTuple):
    """One memory access: the expression of its address in registers ("x19+0x18"), the address, bytes if known."""

    via: str
    address: int
    size: int


def accesses(arch: str, code: bytes, pc: int, registers: Mapping[str, int]) -> list[Access]:
    """Every memory operand of the instruction at `pc` whose registers are known; empty if it accesses none.

    `registers` has lower-case names; `gs_base` and `fs_base` where segments matter (x86-64 per-CPU variables).
    """
    decoder = _decoder(arch)
    if decoder is None:
        return []
    instruction = next(decoder.disasm(code, pc, 1), None)
    if instruction is None:
        return []
    return (_x86 if arch == "x86_64" else _arm64)(instruction, registers)


def faulting(arch: str | None, code: str | None) -> bytes:
    """The instruction that a `Code:` line marks, and what follows it; empty if it marks none.

    48 89 e5 <8b> 07 5d c3                    x86-64: bytes, the marked one is the first of the instruction
    f9400273 b4000213 (b9401a63)              arm64: words of 32 bits
    """
    if arch == "x86_64" and (found := MARKED_BYTE.search(code or "")):
        rest = re.findall(r"\b[0-9a-f]{2}\b", (code or "")[found.end() :])
        return bytes.fromhex(found[1] + "".join(rest))
    if arch == "arm64" and (found := MARKED_WORD.search(code or "")):
        return int(found[1], 16).to_bytes(4, "little")
    return b""


def in_words(arch: str | None, code: str | None) -> str | None:
    """The faulting instruction of a `Code:` line as `ldr w3, [x19, #0x18]`; None if it is unknown."""
    marked = faulting(arch, code)
    decoder = _decoder(arch or "") if marked else None
    instruction = decoder and next(decoder.disasm(marked, 0, 1), None)
    return f"{instruction.mnemonic} {instruction.op_str}".strip() if instruction else None


def _decoder(arch: str) -> Any:
    """capstone's decoder for an architecture, None if it is not one of ours; loading capstone takes 0.1 s, so late."""
    if arch not in LENGTH:
        return None
    import capstone

    modes = {
        "x86_64": (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
        "arm64": (capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM),
    }
    decoder = capstone.Cs(*modes[arch])
    decoder.detail = True
    return decoder


def _x86(instruction: Any, registers: Mapping[str, int]) -> list[Access]:
    from capstone import x86

    if instruction.mnemonic in ("lea", "nop") or instruction.mnemonic.startswith("prefetch"):
        return []
    found = []
    for operand in instruction.operands:
        if operand.type == x86.X86_OP_MEM:
            access = _x86_operand(instruction, operand, registers)
            if access is not None:
                found.append(access)
    return found + _x86_stack(instruction, registers)


def _x86_operand(instruction: Any, operand: Any, registers: Mapping[str, int]) -> Access | None:
    memory, address, parts = operand.mem, operand.mem.disp, list[str]()
    for register, scale in ((memory.base, 1), (memory.index, memory.scale)):
        name = instruction.reg_name(register) if register else None
        if name is None:
            continue
        value = instruction.address + instruction.size if name == "rip" else _x86_value(name, registers)
        if value is None:
            return None
        address += value * scale
        parts.append(name if scale == 1 else f"{name}*{scale}")
    segment = instruction.reg_name(memory.segment) if memory.segment else None
    if segment in ("gs", "fs"):
        if f"{segment}_base" not in registers:
            return None
        address += registers[f"{segment}_base"]
        parts.insert(0, f"{segment}:")
    return Access(_expression(parts, memory.disp), address & _ALL, operand.size)


def _x86_value(name: str, registers: Mapping[str, int]) -> int | None:
    """A 64-bit register, or the low half where an address-size prefix says so; vector registers are not known."""
    if name in registers:
        return registers[name]
    wide = {"e": "r" + name[1:], "d": name[:-1]}.get(name[0] if name[0] == "e" else name[-1], "")
    return registers[wide] & 0xFFFFFFFF if wide in registers else None


def _x86_stack(instruction: Any, registers: Mapping[str, int]) -> list[Access]:
    """push and call write below the stack pointer, pop and ret read at it; none of them has that as an operand."""
    if "rsp" not in registers:
        return []
    mnemonic = instruction.mnemonic
    if mnemonic.startswith(("push", "call")):
        return [Access("rsp-0x8", (registers["rsp"] - 8) & _ALL, 8)]
    return [Access("rsp", registers["rsp"], 8)] if mnemonic.startswith(("pop", "ret")) and mnemonic != "popcnt" else []


def _arm64(instruction: Any, registers: Mapping[str, int]) -> list[Access]:
    from capstone import arm64

    if instruction.mnemonic.startswith("prf"):
        return []
    operands = instruction.operands
    if instruction.mnemonic in ("dc", "ic") and operands:  # cache maintenance and zeroing by address
        name = instruction.reg_name(operands[-1].reg)
        return [Access(name, registers[name], 0)] if name in registers else []
    if instruction.mnemonic.startswith("ldr") and operands[-1].type == arm64.ARM64_OP_IMM and len(operands) == 2:
        return [Access("pc-relative", operands[-1].imm & _ALL, 0)]
    found = []
    for operand in operands:
        if operand.type == arm64.ARM64_OP_MEM:
            access = _arm64_operand(instruction, operand, registers)
            if access is not None:
                found.append(access)
    return found


def _arm64_operand(instruction: Any, operand: Any, registers: Mapping[str, int]) -> Access | None:
    base = _arm64_value(instruction.reg_name(operand.mem.base), registers)
    if base is None:
        return None
    address, parts = base + operand.mem.disp, [_arm64_name(instruction.reg_name(operand.mem.base))]
    if operand.mem.index:
        name = instruction.reg_name(operand.mem.index)
        value = _arm64_value(name, registers)
        if value is None:
            return None
        address += _extend(value, operand.ext) << operand.shift.value
        parts.append(name if not operand.shift.value else f"{name}<<{operand.shift.value}")
    return Access(_expression(parts, operand.mem.disp), address & _ALL, 0)


def _arm64_name(name: str) -> str:
    return {"fp": "x29", "lr": "x30"}.get(name, name)


def _arm64_value(name: str, registers: Mapping[str, int]) -> int | None:
    if name in ("xzr", "wzr"):
        return 0
    if name[0] == "w":
        value = registers.get("x" + name[1:])
        return None if value is None else value & 0xFFFFFFFF
    return registers.get(_arm64_name(name))


def _extend(value: int, extension: int) -> int:
    """An index register sign-extended from 32 bits where the instruction says SXTW."""
    from capstone import arm64

    if extension == arm64.ARM64_EXT_SXTW and value >> 31 & 1:
        return value - (1 << 32)
    return value


def _expression(parts: list[str], displacement: int) -> str:
    text = "+".join(parts).replace(":+", ":")
    if displacement or not parts:
        sign = "-" if displacement < 0 else "+" if parts and not text.endswith(":") else ""
        text += f"{sign}{abs(displacement):#x}"
    return text
