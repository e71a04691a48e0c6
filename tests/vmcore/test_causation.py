"""Which address of the faulting instruction is the one that faulted."""

from types import SimpleNamespace

import pytest

from triage import instructions
from triage.vmcore import causation, translate
from triage.vmcore.crash import Context
from triage.vmcore.unwind import Stack

MAPPED, POISON, USER = 0xFFFF888000001018, 0xA5A5A5A5A5A5A5BD, 0x7F0000001000


def facts(monkeypatch, *addresses):
    """The facts of an instruction that accesses the given addresses."""
    found = [instructions.Access(via=f"operand {at}", address=address, size=8) for at, address in enumerate(addresses)]
    monkeypatch.setattr(instructions, "accesses", lambda *_: found)
    monkeypatch.setattr(translate, "physical", lambda _, address: 0x1018 if address == MAPPED else None)
    monkeypatch.setattr(causation, "_code", lambda *_: b"")
    core = SimpleNamespace(arch="x86_64", variable=lambda _: None, log=SimpleNamespace(pfns=[]))
    frame = SimpleNamespace(pc=0xFFFFFFFF81000000)
    context = Context(stack=Stack([frame], fault=0, exception=True, synchronous=True))
    return causation._instruction(core, context, {})


@pytest.mark.parametrize(
    ("addresses", "exact"),
    [((MAPPED,), True), ((MAPPED, USER), True), ((MAPPED, POISON), False), ((MAPPED, 0x18), False)],
)
def test_an_operand_that_leads_nowhere_is_the_one_that_faulted(monkeypatch, addresses, exact):
    (fact,) = facts(monkeypatch, *addresses)
    assert (fact.physical_address, fact.exact) == (0x1018, exact)


def test_a_list_that_leads_into_a_page_which_is_not_in_the_dump(monkeypatch):
    memory = {MAPPED: 0xFFFF888000005001, 0xFFFF888000005000: 0xFFFF888000007040}
    monkeypatch.setattr(translate, "physical", lambda _, address: address & 0xFFFF if address >> 63 else None)
    core = SimpleNamespace(
        log=SimpleNamespace(pfns=[7]),
        page_shift=12,
        missing=lambda pfn: "excluded",
        prog=SimpleNamespace(read_u64=lambda address: memory[address]),
    )
    registers = {"rax": MAPPED, "rbx": POISON, "rip": MAPPED}
    (fact,) = causation._leading(core, "rbx+0x18", registers)
    assert (fact.via, fact.physical_address, fact.exact) == ("list at rax", 0x7040, False)
    assert causation._leading(core, "rbx+0x18", {**registers, "rbx": 0x18}) == []  # a null pointer comes from anywhere
    core.missing = lambda pfn: None
    assert causation._leading(core, "rbx+0x18", registers) == []
