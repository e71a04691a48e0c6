"""Memory operands of arm64 loads and stores; the words were checked with a disassembler."""

from __future__ import annotations

import pytest

from triage.correlate import arm64

REGISTERS = {"x0": 0x1000, "x1": 0x20, "x19": 0xFFFF000001507228, "sp": 0xFFFF800080000000}


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (0xB9401A63, "x19+0x18"),  # ldr w3, [x19, #24]
        (0xF9400260, "x19"),  # ldr x0, [x19]
        (0xF85F8260, "x19-0x8"),  # ldur x0, [x19, #-8]
        (0xF8410E60, "x19+0x10"),  # ldr x0, [x19, #16]!
        (0xF8410660, "x19"),  # ldr x0, [x19], #16
        (0xA9410660, "x19+0x10"),  # ldp x0, x1, [x19, #16]
        (0xA8C10660, "x19"),  # ldp x0, x1, [x19], #16
        (0xF8617800, "x0+x1<<3"),  # ldr x0, [x0, x1, lsl #3]
        (0x38616800, "x0+x1"),  # ldrb w0, [x0, x1]
        (0xC85FFE60, "x19"),  # ldaxr x0, [x19]
        (0xC8DFFE60, "x19"),  # ldar x0, [x19]
        (0xF8210260, "x19"),  # ldadd x1, x0, [x19]
        (0x3DC00660, "x19+0x10"),  # ldr q0, [x19, #16]
        (0x79400660, "x19+0x2"),  # ldrh w0, [x19, #2]
        (0xF94003E0, "sp"),  # ldr x0, [sp]
    ],
)
def test_operand(word: int, text: str) -> None:
    found = arm64.operand(word)
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("word", [0xD503201F, 0x8B010000, 0x94000000, 0xD65F03C0, 0xF861C800])
def test_what_is_no_plain_load_or_store_is_left_alone(word: int) -> None:
    """nop, add, bl, ret; and ldr x0, [x0, w1, sxtw]."""
    assert arm64.operand(word) is None


def test_address_adds_up() -> None:
    found = arm64.operand(0xB9401A63)
    assert found is not None
    assert found.address(REGISTERS) == 0xFFFF000001507240
    assert found.address({}) is None


def test_faulting_word_is_the_one_in_parentheses() -> None:
    assert arm64.faulting_word("d53bd056 f9402c21 (b9401a63) 6b03003f") == 0xB9401A63
    assert arm64.faulting_word("d53bd056 (????????)") is None
    assert arm64.faulting_word(None) is None
