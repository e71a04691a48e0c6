"""arm64 syndromes, by hand from the architecture's tables."""

from __future__ import annotations

import pytest

from triage.logs.decode import esr


def test_kernel_read_of_poison_without_address() -> None:
    syndrome = esr.decode(0x96000410)
    assert (syndrome.ec, syndrome.dfsc, syndrome.write, syndrome.far_valid) == (0x25, 0x10, False, False)
    assert syndrome.dfsc_name == "synchronous external abort"
    assert syndrome.severity == "recoverable"
    assert syndrome.external_type is False
    assert not syndrome.table_walk


@pytest.mark.parametrize(
    ("value", "consumption"),
    [
        (0x96000410, True),
        (0x96000010, True),
        (0x96000210, True),
        (0x96000450, True),
        (0x86000010, True),  # instruction fetch
        (0x96000016, True),  # on a table walk
        (0x96000013, True),  # on a table walk, level -1
        (0x96000018, True),
        (0x9600001F, True),
        (0x92000010, False),  # user space
        (0x96000004, False),  # translation fault
        (0x96000021, False),  # alignment
        (0x96000012, False),
        (0x96000019, False),
        (0xBE000011, False),  # SError
        (0xF2000800, False),  # BRK
    ],
)
def test_consumption(value: int, consumption: bool) -> None:
    assert esr.is_consumption(value) is consumption


@pytest.mark.parametrize(
    ("value", "name", "level"),
    [
        (0x96000004, "translation fault", 0),
        (0x96000007, "translation fault", 3),
        (0x9600000F, "permission fault", 3),
        (0x96000013, "synchronous external abort on a table walk", -1),
        (0x96000017, "synchronous external abort on a table walk", 3),
        (0x9600001B, "synchronous parity or ECC error on a table walk", -1),
        (0x96000018, "synchronous parity or ECC error", None),
        (0x96000021, "alignment fault", None),
    ],
)
def test_fault_status(value: int, name: str, level: int | None) -> None:
    syndrome = esr.decode(value)
    assert (syndrome.dfsc_name, syndrome.level) == (name, level)


def test_fnv_means_something_for_external_aborts_only() -> None:
    assert esr.decode(0x96000410).far_valid is False
    assert esr.decode(0x96000404).far_valid is True


def test_write_and_set() -> None:
    assert esr.decode(0x96000450).write is True
    assert esr.decode(0x86000010).write is None
    assert esr.decode(0x96001010).severity == "uncontainable"
    assert esr.decode(0x96001810).severity == "restartable"


def test_serror() -> None:
    assert esr.decode(0xBE000011).severity == "uncontainable"
    assert esr.decode(0xBE000C11).severity == "recoverable"
    assert esr.decode(0xBF000002).severity is None  # the implementation's own syndrome
