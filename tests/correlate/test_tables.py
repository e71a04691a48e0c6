"""The tables are typed, keep 64-bit values whole, and join errors with crash sites by boot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.correlate.logs import abort, boot, ghes, gpf, unhandlable, verdict
from triage.correlate import judge
from triage.correlate.tables import COLUMNS, sites, tables
from triage.model import Case, Event

ODD = 0xFFFF888000000001


def case(*events: Event, host: str = "web01", boot_id: str = "b1") -> Case:
    found = judge(replace(boot(*events, host=host), boot_id=boot_id))
    assert found is not None
    return found


@pytest.fixture
def cases() -> list[Case]:
    """Two boots of one host: an ignored page and an abort; a recovered page, later an ordinary fault."""
    first = case(
        ghes(90.0, 0x2507240), verdict(90.02, 0x2507, "dirty LRU page", "Recovered"),
        ghes(100.0, 0x1507240), unhandlable(100.01, 0x1507), verdict(100.02, 0x1507),
        abort(160.0, registers={"x8": ODD}),
    )  # fmt: skip
    second = case(ghes(10.0, 0x1507240), gpf(20.0), ghes(30.0, 0x9507240), boot_id="b2")
    return [first, second]


def test_types_are_those_declared(cases: list[Case]) -> None:
    found = tables(cases)
    for name, columns in COLUMNS.items():
        for column, kind in columns.items():
            want = "datetime64[us, UTC]" if kind == "time" else kind
            assert str(found[name][column].dtype) == want, (name, column)


def test_registers_stay_whole_beside_missing_values(cases: list[Case]) -> None:
    found = tables(cases)["registers"]
    assert int(found.loc[found["name"] == "x8", "value"].iloc[0]) == ODD


def test_empty_input_gives_empty_typed_tables() -> None:
    found = tables([])
    assert all(len(frame) == 0 for frame in found.values())
    assert str(found["pages"]["pfn"].dtype) == "UInt64"


def test_every_error_of_the_boot_is_joined_and_ranked(cases: list[Case]) -> None:
    found = tables(cases)["pairs"]
    first = found[found["boot"] == "web01/b1"]
    assert list(zip(first["pfn"], first["standing"], first["rank"], strict=True)) == [
        (0x1507, "open", 1),
        (0x2507, "recovered", 2),
    ]
    assert first["lag"].iloc[0] == pytest.approx(59.98)


def test_a_reboot_ends_exposure_and_later_errors_do_not_join(cases: list[Case]) -> None:
    found = tables(cases)["pairs"]
    second = found[found["boot"] == "web01/b2"]
    assert list(second["pfn"]) == [0x1507]
    assert second["lag"].iloc[0] == pytest.approx(10.0)


def test_sites_count_how_often(cases: list[Case]) -> None:
    (found,) = [s for s in sites([*cases, cases[0]]) if s.title == "synchronous external abort in d_lookup"]
    assert (found.error, found.hosts) == ("memory error, Ignored", 1)
    assert found.lag_median == pytest.approx(59.98)


def test_exposure_ends_at_the_crash(cases: list[Case]) -> None:
    found = tables(cases)["exposures"]
    row = found[found["pfn"] == 0x1507].iloc[0]
    assert (row["ended"], row["seconds"]) == ("crash", pytest.approx(59.98))
