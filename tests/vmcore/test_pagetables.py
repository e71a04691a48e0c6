"""Page table walks on tables made by hand, for every geometry."""

import struct
from types import SimpleNamespace

import pytest

from triage.vmcore import pagetables, translate

ROOT = 0x100000


def core(arch, page_shift, bits):
    """A core that is nothing but memory and VMCOREINFO."""
    memory: dict[int, int] = {}
    prog = SimpleNamespace(
        cache={"triage_l5": bits == 57},
        read_u64=lambda address, physical=False: memory.get(address, 0),
        read=lambda address, size, physical=False: b"".join(
            struct.pack("<Q", memory.get(at, 0)) for at in range(address, address + size, 8)
        ),
    )
    numbers = {"TCR_EL1_T1SZ": 64 - bits} if arch == "arm64" else {}
    return SimpleNamespace(
        arch=arch, page_shift=page_shift, page_size=1 << page_shift, prog=prog, memory=memory, number=numbers.get
    )


def map_page(made, address, target, leaf=1):
    """Enter one translation; `leaf` is the level whose entry maps memory."""
    bits, table = made.page_shift - 3, ROOT
    for level in range(pagetables.levels(made), 0, -1):
        shift = made.page_shift + (level - 1) * bits
        top = pagetables.virtual_bits(made) - shift
        index = address >> shift & ((1 << min(bits, top)) - 1)
        if level == leaf:
            large = 1 << 7 if level > 1 else 0
            made.memory[table + 8 * index] = target | (1 | large if made.arch == "x86_64" else 3 if level == 1 else 1)
            return table
        following = ROOT + (pagetables.levels(made) - level + 1) * 0x100000
        made.memory[table + 8 * index] = following | (3 if made.arch == "arm64" else 0x63)
        table = following
    raise AssertionError


GEOMETRIES = [
    ("x86_64", 12, 48, 4),
    ("x86_64", 12, 57, 5),
    ("arm64", 12, 48, 4),
    ("arm64", 14, 47, 3),
    ("arm64", 14, 48, 4),
    ("arm64", 16, 48, 3),
    ("arm64", 16, 42, 2),
    ("arm64", 12, 39, 3),
]


@pytest.mark.parametrize(("arch", "page_shift", "bits", "levels"), GEOMETRIES)
def test_walk(arch, page_shift, bits, levels):
    made = core(arch, page_shift, bits)
    address = (-(1 << (bits - 1)) & (1 << 64) - 1) + (5 << 30) + (3 << page_shift) + 0x123
    target = 0x7_0000_0000
    map_page(made, address, target)
    assert pagetables.levels(made) == levels
    assert pagetables.walk(made, ROOT, address) == target + 0x123
    assert pagetables.walk(made, ROOT, address + (1 << page_shift)) is None


@pytest.mark.parametrize(("arch", "page_shift", "bits", "levels"), GEOMETRIES)
def test_walk_of_a_large_mapping(arch, page_shift, bits, levels):
    made = core(arch, page_shift, bits)
    size = 1 << (page_shift + page_shift - 3)
    address = (-(1 << (bits - 1)) & (1 << 64) - 1) + 3 * size + 0x4567
    map_page(made, address, 8 * size, leaf=2)
    assert pagetables.walk(made, ROOT, address) == 8 * size + 0x4567


def test_52_bit_physical_addresses_with_64k_pages():
    made = core("arm64", 16, 48)
    address = 0xFFFF000000000000
    map_page(made, address, 0x0000_1234_0000_0000 | 0xA000)
    assert pagetables.walk(made, ROOT, address) == 0xA_1234_0000_0000


@pytest.mark.parametrize(("arch", "page_shift", "bits", "levels"), GEOMETRIES)
def test_owner_of_the_lowest_table(monkeypatch, arch, page_shift, bits, levels):
    made = core(arch, page_shift, bits)
    address = 5 << 30
    table = map_page(made, address, 0x7_0000_0000)
    entries = 1 << (page_shift - 3)
    monkeypatch.setattr(
        pagetables, "_roots", lambda _: iter([("other[1]", 0x900000, entries), ("me[2]", ROOT, entries)])
    )
    owner = pagetables.find_owner(made, table)
    below = 1 << (2 * page_shift - 3)
    assert owner == pagetables.Owner("me[2]", 1, address // below * below)
    assert pagetables.find_owner(made, 0xDEAD000) is None


def test_tags_and_pointer_authentication_codes_are_taken_off():
    made = core("arm64", 12, 48)
    assert translate.canonical(made, 0xF0FF000040458AA0) == 0xFFFF000040458AA0
    assert translate.canonical(made, 0x3CF2800041D5EBD0 | 1 << 55) == 0xFFFF800041D5EBD0
    assert translate.canonical(made, 0x0000AAAA12345678) == 0x0000AAAA12345678
