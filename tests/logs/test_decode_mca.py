"""Machine check registers, by hand from the manuals' tables."""

from __future__ import annotations

import pytest

from triage.logs.decode import mca
from triage.logs.decode.mca import AMD, INTEL, Bank

VAL, OVER, UC, EN, MISCV, ADDRV, PCC, S, AR = (1 << bit for bit in (63, 62, 61, 60, 59, 58, 57, 56, 55))
PADDRV, DEFERRED, POISON = 1 << 54, 1 << 44, 1 << 43
USABLE = VAL | MISCV | ADDRV
PHYSICAL_LINE = 2 << 6 | 6  # MISC: physical address, 64 bytes


@pytest.mark.parametrize(
    ("status", "vendor", "expected"),
    [
        (VAL | EN | 0x90, INTEL, "corrected"),
        (VAL | UC | EN | PCC | 0x134, INTEL, "fatal"),
        (VAL | UC | EN | S | AR | 0x134, INTEL, "SRAR"),
        (VAL | UC | EN | S | 0xC0, INTEL, "SRAO"),
        (VAL | UC | 0x90, INTEL, "UCNA"),
        (VAL | DEFERRED, AMD, "deferred"),
        (VAL | DEFERRED, INTEL, "corrected"),
        (VAL | UC, AMD, "uncorrected"),
    ],
)
def test_class(status: int, vendor: int, expected: str) -> None:
    assert mca.error_class(Bank(status=status, vendor=vendor)) == expected


def test_family_10h_has_other_bits_where_later_ones_say_deferred() -> None:
    assert mca.error_class(Bank(status=VAL | DEFERRED, vendor=AMD, family=0x10)) == "corrected"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0x0090, "memory read error on channel 0"),
        (0x00A3, "memory write error on channel 3"),
        (0x00C1, "memory scrub error on channel 1"),
        (0x009F, "memory read error"),
        (0x1090, "memory read error on channel 0"),  # F bit
        (UC | 0x0134, "data load"),
        (UC | 0x0150, "instruction fetch"),
        (UC | 0x017A, "L3 explicit writeback"),
        (0x0134, "L0 data cache data read error"),  # corrected: the cache's own error, nobody used poison
        (0x0150, "L0 instruction cache instruction fetch error"),
        (0x0114, "L0 data cache read error"),
        (0x0011, "L1 instruction TLB error"),
        (0x000E, "L2 cache error"),
        (0x0400, "internal timer error"),
        (0x0E0B, "I/O error"),
        (0x0C0F, "bus or interconnect generic error"),
    ],
)
def test_text(code: int, expected: str) -> None:
    assert mca.text(Bank(status=VAL | code, vendor=INTEL)) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [(0x90, "memory"), (0xC0, "memory"), (0x134, "memory"), (0x114, "cache"), (0x0E0B, "bus"), (0x0011, "processor")],
)
def test_component(code: int, expected: str) -> None:
    assert mca.component(Bank(status=VAL | UC | code, vendor=INTEL)) == expected


def test_a_corrected_cache_error_is_none_of_the_memory() -> None:
    assert mca.component(Bank(status=VAL | EN | 0x150, vendor=INTEL)) == "cache"


@pytest.mark.parametrize(
    ("kind", "extended", "text"),
    [
        (5, 0, "execution unit watchdog timeout"),
        (5, 3, "execution unit error 3"),
        (6, 1, "floating point unit error 1"),
    ],
)
def test_units_without_a_cache_are_named_though_their_code_says_cache(kind: int, extended: int, text: str) -> None:
    bank = Bank(status=VAL | UC | PCC | extended << 16 | 0x108, vendor=AMD, family=0x19, ipid=kind << 48 | 0xB0 << 32)
    assert mca.text(bank) == text
    assert mca.component(bank) == "processor"
    assert bank.watchdog is (extended == 0)


@pytest.mark.parametrize(
    ("status", "misc", "usable"),
    [
        (USABLE, PHYSICAL_LINE, True),
        (USABLE, 2 << 6 | 12, True),
        (USABLE, 2 << 6 | 13, False),  # coarser than a page
        (USABLE, 0 << 6 | 6, False),  # a segment offset
        (USABLE, 1 << 6 | 6, False),  # a linear address
        (USABLE, 3 << 6 | 6, False),  # a memory address, not a physical one
        (VAL | ADDRV, PHYSICAL_LINE, False),  # MISC not valid
        (VAL | MISCV, PHYSICAL_LINE, False),  # ADDR not valid
        (USABLE, None, False),
    ],
)
def test_intel_address_rule(status: int, misc: int | None, usable: bool) -> None:
    bank = Bank(status=status | 0x134, vendor=INTEL, address=0x31C7A05240, misc=misc)
    assert mca.usable_address(bank) == (0x31C7A05240 if usable else None)


@pytest.mark.parametrize(
    ("bank", "usable"),
    [
        (Bank(status=VAL | ADDRV | POISON, vendor=AMD, ipid=0x100B000000000, address=0x1000), True),
        (Bank(status=VAL | ADDRV, vendor=AMD, ipid=0x100B000000000, address=0x1000), False),
        (Bank(status=VAL | ADDRV | PADDRV, vendor=AMD, ipid=0x100B000000000, address=0x1000), True),
        (Bank(status=VAL | ADDRV | POISON, vendor=AMD, ipid=0x9600150F00, address=0x1000), False),  # UMC: normalised
        (Bank(status=VAL | ADDRV | 8 << 16, vendor=AMD, family=0x10, bank=4, address=0x1000), True),
        (Bank(status=VAL | ADDRV | 7 << 16, vendor=AMD, family=0x10, bank=4, address=0x1000), False),
        (Bank(status=VAL | ADDRV | PADDRV, vendor=AMD, family=0x10, bank=2, address=0x1000), False),
        (Bank(status=USABLE | 0x9F, vendor=AMD, bank=255, misc=2 << 6 | 12, address=0x1000), True),  # GHES's mirror
    ],
)
def test_amd_address_rule(bank: Bank, usable: bool) -> None:
    assert mca.usable_address(bank) == (0x1000 if usable else None)


def test_encryption_bits_are_no_part_of_the_address() -> None:
    bank = Bank(status=USABLE, vendor=INTEL, misc=PHYSICAL_LINE, address=1 << 55 | 0x1000)
    assert mca.usable_address(bank) == 0x1000


def test_granularity_is_told_for_usable_addresses_only() -> None:
    assert mca.granularity(Bank(status=USABLE, vendor=INTEL, misc=PHYSICAL_LINE)) == 64
    assert mca.granularity(Bank(status=USABLE, vendor=INTEL, misc=1 << 6 | 6)) is None
    assert mca.granularity(Bank(status=USABLE, vendor=AMD, misc=PHYSICAL_LINE)) is None


def test_flags_and_family() -> None:
    assert mca.flags(5, mca.MCG_BITS) == ["MCIP", "RIPV"]
    assert mca.family(0x800F82) == 0x17
    assert mca.family(0x606A6) == 0x6
    assert mca.decode(Bank(status=VAL | OVER | UC | S | AR | 0x134, vendor=INTEL), 5)["flags"] == [
        "VAL",
        "OVER",
        "UC",
        "S",
        "AR",
    ]
