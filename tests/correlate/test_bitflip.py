"""One flipped bit is suspected where chance would rarely give such a value, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.correlate.bitflip import suspicions
from triage.model import Crash

POINTER = 0xFFFF888104A3C0B8


def crash(fault: int | None = None, header: str = "general protection fault", **registers: int) -> Crash:
    return Crash(
        kind="oops", source="x", first_line=1, last_line=2, header=(header,), fault_address=fault, registers=registers
    )


@pytest.mark.parametrize("bit", range(47, 64))
def test_a_pointer_made_non_canonical_by_one_bit(bit: int) -> None:
    (suspicion,) = suspicions(crash(POINTER ^ (1 << bit)))
    assert (suspicion.bit, suspicion.meant) == (bit, POINTER)


def test_a_register_that_points_where_the_address_was_meant_to_makes_it_surer() -> None:
    (alone,), (near,) = (
        suspicions(crash(POINTER ^ (1 << 52))),
        suspicions(crash(POINTER ^ (1 << 52), rbx=POINTER - 0x18)),
    )
    assert near.confidence > alone.confidence


@pytest.mark.parametrize(
    "fault",
    [
        None,
        0,
        8,
        0x1000,
        POINTER,
        0xDEAD000000000100,
        0x6B6B6B6B6B6B6B6B,
        0x6B6B6B6B6B6B6BC3,
        0x2F7273752F6E6962,
        (1 << 64) - 1,
        0xDFFFFC0000000003,
        0xEFFF800000000137,
    ],
)
def test_ordinary_bad_addresses_are_not_suspected(fault: int | None) -> None:
    assert not suspicions(crash(fault, rax=0, rbx=POINTER + 0x40, rcx=POINTER))


def test_the_two_pointers_of_a_list_report() -> None:
    line = f"list_del corruption. prev->next should be {POINTER:016x}, but was {POINTER ^ (1 << 42):016x}."
    (suspicion,) = suspicions(crash(header=line))
    assert (suspicion.where, suspicion.bit, suspicion.meant) == ("list pointer", 42, POINTER)
    assert not suspicions(crash(header=line.replace(f"{POINTER ^ (1 << 42):016x}", f"{POINTER ^ (3 << 42):016x}")))


@given(
    st.integers(min_value=0, max_value=(1 << 64) - 1),
    st.lists(st.integers(min_value=0, max_value=(1 << 64) - 1), max_size=6),
)
def test_what_was_meant_is_always_one_bit_away(fault: int, values: list[int]) -> None:
    for suspicion in suspicions(crash(fault, **{f"r{n}": value for n, value in enumerate(values)})):
        assert (suspicion.value ^ suspicion.meant).bit_count() == 1
        assert 0 < suspicion.confidence < 1
