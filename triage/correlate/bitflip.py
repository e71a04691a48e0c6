"""Values one bit away from what the kernel must have meant: a suspicion with its reasons, never more.

A single flipped bit in a pointer is what a failing DIMM without ECC, a bus or a cache leaves behind, and what a
driver's `|=` into freed memory leaves behind as well. Each suspicion therefore says what makes chance unlikely.

    general protection fault, probably for non-canonical address 0xffef888104a3c0b8: 0000 [#1]
    list_del corruption. prev->next should be ffff888104a3c0b8, but was ffff888144a3c0b8. (prev=ffff888104a3c0c0)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from triage.model import Crash

MASK = (1 << 64) - 1
CANONICAL_BITS = 47  # x86-64 and arm64 with 48-bit addresses: bits 63 to 47 of a kernel address are ones
HIGH_BIT = 30  # two kernel pointers that differ in one lower bit are ordinary neighbours: strides are powers of two
POISONS = {
    0x6B6B6B6B6B6B6B6B: "SLUB's pattern of freed objects (POISON_FREE)",
    0x5A5A5A5A5A5A5A5A: "SLUB's pattern of unused objects (POISON_INUSE)",
    0xDEAD000000000100: "LIST_POISON1",
    0xDEAD000000000122: "LIST_POISON2",
}
LIST_POINTERS = re.compile(r"should be (?P<wanted>[0-9a-f]{16}), but was (?P<found>[0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One value, the bit in question (0 is the lowest), what it becomes without the flip, and why that is no chance."""

    where: str  # "fault address", "rax", "list pointer"
    value: int
    bit: int
    meant: int
    reason: str
    confidence: float  # 0 to 1: how rarely chance or an ordinary bug gives such a value


def suspicions(crash: Crash) -> list[Suspicion]:
    """Every suspicion of one crash, surest first; one per value."""
    found: dict[int, Suspicion] = {}
    for suspicion in (*list_pointers(crash), *addresses(crash)):
        best = found.get(suspicion.value)
        if best is None or suspicion.confidence > best.confidence:
            found[suspicion.value] = suspicion
    return sorted(found.values(), key=lambda s: -s.confidence)


def addresses(crash: Crash) -> Iterator[Suspicion]:
    """The fault address and, where the fault shows that one was used as a pointer, the registers that hold it."""
    fault = crash.fault_address
    if fault is None or (crash.arch == "arm64" and fault >> 48 == 0xFFFF):
        return  # arm64 kernel addresses have 16 ones on top: its linear map has bit 47 clear
    names = [name for name, value in crash.registers.items() if value == fault]
    where = f"fault address (also in {', '.join(names)})" if names else "fault address"
    pointers = [v for v in crash.registers.values() if is_kernel(v)]
    for bit in range(64):
        meant = fault ^ (1 << bit)
        reason, confidence = judge(fault, meant, bit, pointers)
        if reason:
            yield Suspicion(where, fault, bit, meant, reason, confidence)


def judge(fault: int, meant: int, bit: int, pointers: list[int]) -> tuple[str | None, float]:
    """Why `meant` is what the kernel had in mind, and how rarely a value without a flip looks so."""
    if bit >= CANONICAL_BITS and is_kernel(meant) and not is_kernel(fault) and not is_kasan_shadow(fault):
        # Tags and shadow offsets of sanitizers live in these bits too: without a second pointer it is little.
        near = close(meant, pointers)
        agree = ", and a register points there" if near else ""
        return f"canonical but for bit {bit}: 17 of 65,536 random values are{agree}", 0.9 if near else 0.4
    lonely = bit >= HIGH_BIT and is_kernel(fault) and not close(fault, [p for p in pointers if p != fault])
    if lonely and close(meant, pointers):
        return f"within a page of another register but for bit {bit}", 0.5
    if bit >= 12 and meant in POISONS:  # a lower bit is an offset into what the poisoned pointer should have pointed to
        return f"{POISONS[meant]} but for bit {bit}", 0.7
    if 12 <= bit < CANONICAL_BITS and meant < 64 and fault > 1 << 20:
        return f"a NULL pointer but for bit {bit}", 0.4 if meant == 0 else 0.25
    return None, 0.0


def close(address: int, pointers: list[int]) -> bool:
    """Whether one of the pointers is less than a page away."""
    return any(abs(address - pointer) < 4096 for pointer in pointers)


def list_pointers(crash: Crash) -> Iterator[Suspicion]:
    """The two pointers of a list corruption report that differ in one bit (lib/list_debug.c)."""
    for line in crash.header:
        match = LIST_POINTERS.search(line)
        if not match:
            continue
        wanted, found = int(match["wanted"], 16), int(match["found"], 16)
        difference = wanted ^ found
        if difference.bit_count() == 1:
            bit = difference.bit_length() - 1
            # List heads are 8-byte aligned: the low three bits never differ by design. Strides are powers of two.
            sure = 0.9 if bit >= HIGH_BIT else 0.5 if bit < 3 else 0.3
            reason = f"the pointer that should stand there but for bit {bit}"
            yield Suspicion("list pointer", found, bit, wanted, reason, sure)


def is_kasan_shadow(value: int) -> bool:
    """Whether KASAN's shadow of a NULL-like pointer lies there (bases of x86-64, arm64 generic and tag-based)."""
    return value >> 40 in (0xDFFFFC, 0xDFFF80, 0xEFFF80)


def is_kernel(value: int) -> bool:
    """Whether a value is a canonical kernel address (upper 17 bits set), not a small negative number."""
    return value >> CANONICAL_BITS == MASK >> CANONICAL_BITS and value < MASK - 0xFFFF
