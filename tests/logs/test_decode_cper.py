"""CPER fields, EDAC texts and AER bits."""

from __future__ import annotations

import pytest

from triage.logs.decode import aer, cper, edac


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (0xFFFFFFFFFFFFF000, 4096),
        (0xFFFFFFFFFFFFFFC0, 64),
        (0xFFFFFFFFFFFF0000, 65536),
        (0xFFFFFFFFFFFFFFFF, 1),
        (0x00003FFFFFFFFFC0, 64),
        (0xFFF, None),
        (0, None),
        (None, None),
    ],
)
def test_granularity(mask: int | None, expected: int | None) -> None:
    assert cper.granularity(mask) == expected


def test_location_of_new_and_old_kernels() -> None:
    new = cper.location(
        "node:0 card:1 module:2 rank:0 bank:513 bank_group:2 bank_address:1 row:70 column:128 chip_id:3 "
    )
    old = cper.location(
        "node: 0 card: 1 module: 2 rank: 0 bank: 513 bank_group: 2 bank_address: 1 row: 70 column: 128 chip_id: 3 "
    )
    assert new == old
    assert new["bank"] == 513
    assert new["chip_id"] == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node:0 DIMM location: P1 CHANNEL C DIMM 0 ", {"node": 0, "dimm": "P1 CHANNEL C DIMM 0"}),
        ("node:0 DIMM location: not present. DMI handle: 0x0025 ", {"node": 0, "handle": "0x0025"}),
        ("col:8 bit_pos:3 DIMM DMI handle: 0x00A5 ", {"column": 8, "bit_position": 3, "handle": "0x00a5"}),
        ("requestor_id:0x00000000000000AB", {"requestor_id": "0x00000000000000ab"}),
        ("", {}),
        (None, {}),
    ],
)
def test_location(text: str | None, expected: dict[str, object]) -> None:
    assert cper.location(text) == expected


def test_severity_takes_the_first_word_that_is_one() -> None:
    assert cper.severity("recoverable", "fatal") == "recoverable"
    assert cper.severity(None, "fatal") == "fatal"
    assert cper.severity("info") == "corrected"
    assert cper.severity("unknown", None) is None


@pytest.mark.parametrize(
    ("section", "error", "expected"),
    [
        ("memory error", "multi-bit ECC", "memory"),
        ("ARM processor error", "cache error", "cache"),
        ("ARM processor error", "TLB error", "processor"),
        ("ARM processor error", "bus error", "bus"),
        ("IA32/X64 processor error", None, "processor"),
        ("PCIe error", None, "pcie"),
        ("CXL DRAM Event", None, "cxl"),
        ("Firmware Error Record Reference", None, "platform"),
        (None, None, "unknown"),
    ],
)
def test_component(section: str | None, error: str | None, expected: str) -> None:
    assert cper.component(section, error) == expected


def test_edac_driver_details() -> None:
    other = " recoverable OVERFLOW err_code:0x0101:0x0091 ProcessorSocketId:0x1 Row:0x1a2b Bank:0x2 BankGroup:0x1"
    assert edac.driver(other) == {"socket": 1, "row": 0x1A2B, "bank": 2, "bank_group": 1}
    assert edac.details(None, other) == {"driver": other, "mscod": 0x101, "mcacod": 0x91, "overflow": True}


def test_edac_numbers_with_leading_zeros_are_decimal() -> None:
    assert edac.driver(" rank:01 row:0010") == {"rank": 1, "row": 10}


def test_edac_label_and_firmwares_name() -> None:
    both = edac.location("0", "node:0 DIMM location: PROC 1 DIMM 3", "A1 or A2", "")
    assert (both["dimm"], both["label"]) == ("PROC 1 DIMM 3", "A1 or A2")
    assert "dimm" not in edac.location("0", "csrow:2", "unknown memory", "")
    assert (
        edac.location("0", "channel:1 slot:0", "CPU_SrcID#0_Ha#0_Chan#1_DIMM#0", "")["dimm"]
        == "CPU_SrcID#0_Ha#0_Chan#1_DIMM#0"
    )


def test_aer_bits_masked_ones_count_only_alone() -> None:
    assert aer.bits("00104000", "00100000", aer.UNCORRECTABLE) == ("CmpltTO",)
    assert aer.bits("00100000", "00100000", aer.UNCORRECTABLE) == ("UnsupReq",)
    assert aer.bits(None, None, aer.CORRECTABLE) == ()
