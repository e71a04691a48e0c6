"""The host's part of the arm64 incident: firmware tables, and the choice of a dentry."""

import struct

import pytest

from tests.lab import firmware
from tests.lab.errors import LabError
from tests.lab.incident import Object, choose

CONSOLE = "[    0.000000] Dentry cache hash table entries: 32768 (order: 6, 262144 bytes, linear)"


def bucket(number: int) -> int:
    """A d_name.hash that falls into the bucket of that number (shift 17)."""
    return number << 17 | 5


def test_hest_sums_to_zero_and_tells_its_length() -> None:
    table = firmware.hest()
    assert sum(table) & 0xFF == 0
    assert struct.unpack_from("<4sI", table) == (b"HEST", len(table))


def test_memory_error_holds_address_mask_and_fru() -> None:
    block = firmware.memory_error(0x40458A80, 0xFFFFFFFFFFFFFFC0, "DIMM_B1")
    length = struct.unpack_from("<I", block, 12)[0]
    assert length == len(block) - 20
    section = block[20 + 72 :]
    assert struct.unpack_from("<QQ", section, 16) == (0x40458A80, 0xFFFFFFFFFFFFFFC0)
    assert b"DIMM_B1\0" in block[:92]


def test_choose_passes_over_dentries_that_an_earlier_lookup_reads() -> None:
    objects = [
        Object(0, 0x1000, bucket(1)),
        Object(1, 0x1100, bucket(2)),
        Object(2, 0x2000, bucket(1)),  # shares a bucket with the first
        Object(3, 0x2100, bucket(3)),
    ]
    assert choose(objects, CONSOLE, 2, whole_page=False).number == 3


def test_choose_of_a_whole_page_looks_at_all_its_dentries() -> None:
    objects = [
        Object(0, 0x1000, bucket(1)),
        Object(1, 0x1100, bucket(2)),  # same page as the first
        Object(2, 0x2000, bucket(3)),
    ]
    assert choose(objects, CONSOLE, 1, whole_page=False).number == 1
    assert choose(objects, CONSOLE, 1, whole_page=True).number == 2
    with pytest.raises(LabError, match="no dentry"):
        choose(objects[:2], CONSOLE, 1, whole_page=True)
