"""Which reports are of one error: pairs, storms, remarks, and what only looks alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.correlate.logs import edac, ghes, mce
from triage.correlate.copies import copies
from triage.model import HardwareError

LINE = 0x1507240
PAGE = 0x1507
SRAO = 0xBD000000000000C0


def aer(time: float, device: str, **more: Any) -> HardwareError:
    return ghes(time, None, device=device, **{"kind": "aer", "component": "pcie", **more})


def test_firmware_edac_and_machine_check_tell_of_one_error() -> None:
    mirror = mce(100.02, SRAO, LINE, mca={"bank": 0xFF, "status": SRAO})
    bank = mce(100.03, SRAO, LINE, mca={"bank": 9, "status": SRAO})
    assert copies([ghes(100.0, LINE), edac(100.01, PAGE), mirror, bank]) == [None, 0, 0, 0]


def test_a_storm_counts_as_often_as_the_one_who_tells_most_of_it() -> None:
    storm = [ghes(100.0, LINE), *(edac(100.0 + n / 100, PAGE) for n in range(5))]
    assert copies(storm) == [None, 0, None, None, None, None]
    assert copies([*storm, ghes(100.2, LINE), ghes(100.21, LINE)])[6:] == [2, 3]


@pytest.mark.parametrize(
    "second",
    [
        edac(101.5, PAGE),  # later
        edac(100.1, PAGE + 1),  # elsewhere
        edac(100.1, PAGE, severity="corrected"),
        edac(100.1, PAGE, previous_boot=True),
        ghes(100.1, LINE),  # the same reporter
    ],
)
def test_what_only_looks_alike_is_an_error_of_its_own(second: HardwareError) -> None:
    assert copies([ghes(100.0, LINE), second]) == [None, None]


def test_a_report_without_a_page_is_of_the_one_beside_it() -> None:
    decoded = mce(5.0, SRAO, None, kind="mce_amd", component="memory", severity="corrected", mca={})
    assert copies([decoded, edac(5.0, PAGE, severity="corrected")]) == [None, 0]
    assert copies([edac(5.0, PAGE, severity="corrected"), decoded]) == [None, 0]
    assert copies([edac(5.0, PAGE, severity="corrected"), ghes(5.1, None, severity="corrected"), decoded]) == [
        None,
        0,
        0,
    ]


def test_a_device_that_firmware_and_kernel_report() -> None:
    record = ghes(9.0, None, component="pcie", device="0000:17:00.0")
    assert copies([record, aer(9.1, "0000:17:00.0"), aer(9.1, "0000:18:00.0")]) == [None, 0, None]


def test_a_core_that_firmware_and_machine_check_report() -> None:
    section = ghes(2.0, None, kind="bert", component="cache", previous_boot=True, location={"apic": "0x12"})
    known: dict[str, Any] = {"component": "cache", "previous_boot": True, "cpu": 9}
    bank = mce(2.1, 0, None, mca={"bank": 5, "status": 0xBEA0000000000108, "apic": 0x12}, **known)
    decoded = mce(2.2, 0, None, kind="mce_amd", mca={"bank": 5, "status": 0xBEA0000000000108}, **known)
    other = mce(2.3, 0, None, mca={"bank": 5, "status": 0xBEA0000000000108, "apic": 0x14}, **known | {"cpu": 10})
    assert copies([section, bank, decoded, other]) == [None, 0, 0, None]
    assert copies([bank, decoded, other]) == [None, 0, None]


def test_a_remark_is_about_the_record_beside_it() -> None:
    logged = mce(7.0, 0, None, kind="mce_note", component="unknown", severity="corrected", detail={"undecoded": True})
    unhandled = ghes(8.0, None, kind="ghes_note", component="processor")
    section = ghes(8.01, LINE, component="cache")
    assert copies([logged, unhandled, section]) == [None, 2, None]
    corrected = [ghes(7.1, LINE, severity="corrected"), edac(7.1, PAGE, severity="corrected")]
    assert copies([*corrected, logged]) == [None, 0, 0]


def test_lines_without_time_are_of_one_error_where_they_stand_together() -> None:
    assert copies([ghes(None, LINE, first_line=10), edac(None, PAGE, first_line=20)]) == [None, 0]
    assert copies([ghes(None, LINE, first_line=10), edac(None, PAGE, first_line=200)]) == [None, None]


def test_how_a_recovery_ended_is_no_error_of_its_own_nor_the_first_word_of_the_next() -> None:
    port, below = "0000:3a:00.0", "0000:3b:00.0"
    failed = aer(100.1, port, kind="pci_recovery", what="device recovery failed")
    given_up = aer(100.1, below, kind="pci_recovery", what="can't recover (no error_detected callback)")
    again = aer(100.2, port, severity="fatal")
    assert copies([given_up, failed, again]) == [None, None, None]
    assert copies([aer(100.0, port), given_up, failed, again]) == [None, 0, 0, None]
