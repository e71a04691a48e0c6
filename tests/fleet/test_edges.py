"""The statistics where there is little or nothing to say, and where clocks and logs are not what they should be."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from triage.fleet import schema
from triage.fleet.statistics import association, exact, regressions, survival
from triage.fleet.store import frame

HEALTHY = {"begin": 0.0, "end": 86400.0, "erred": False, "crashed": False, "kernel": "6.12", "host": "n1"}
DIED = {"crash": 500.0, "crashed": True, "function": "f", "title": "oops in f", "end": 500.0}
AFTER = {**DIED, "error": 100.0, "erred": True}
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def boots(*rows: dict[str, Any]) -> pd.DataFrame:
    return frame(schema.arrow("boots", [{"boot": f"b{n}", **HEALTHY, **row} for n, row in enumerate(rows)]))


def sites(*rows: dict[str, Any]) -> list[dict[Any, Any]]:
    return association.sites(association.distinct(boots(*rows))).to_dict("records")


@pytest.mark.parametrize(
    "rows",
    [
        (),
        ({}, {}),
        ({"begin": None, "end": None, **DIED, "crash": None},),  # no kernel times
        ({**DIED, "crash": None}, {}),  # a crash whose time is unknown
        ({**AFTER, "error": None}, {}),  # an error whose time is unknown
        ({**AFTER, "begin": 400.0, "error": None}, {}),  # a log that begins late
        ({**AFTER, "hardware_crash": True}, {}),
    ],
    ids=["no boots", "no crashes", "no times", "crash untimed", "error untimed", "begins late", "by definition"],
)
def test_what_has_no_times_or_no_events_makes_no_rows(rows: tuple[dict[str, Any], ...]) -> None:
    assert sites(*rows) == []


def test_without_a_boot_with_an_error_nothing_can_be_estimated() -> None:
    (row,) = sites(DIED, {})
    assert (row["meaning"], row["before"]) == ("not estimable", 1) and math.isnan(row["q"])


def test_small_numbers_are_said_to_be_small() -> None:
    (row,) = sites(AFTER, AFTER, {})
    assert (row["after"], row["meaning"]) == (2, "too few")


def test_many_crashes_of_one_host_speak_of_one_host() -> None:
    rows = [{**AFTER, "boot": f"c{n}"} for n in range(6)]
    (row,) = sites(*rows, *({} for _ in range(20)))
    assert row["meaning"] == "hardware-suspect on one host"
    (row,) = sites(*({**one, "host": f"n{n}"} for n, one in enumerate(rows)), *({} for _ in range(20)))
    assert row["meaning"] == "hardware-suspect"


def test_a_reboot_ends_the_exposure_and_a_record_after_the_crash_begins_none() -> None:
    seen = association.watched(boots({**HEALTHY, "error": 86000.0, "erred": True}, {}, {**AFTER, "error": 600.0}))
    assert seen["exposed"].tolist() == [400.0, 0.0, 0.0]
    assert seen["unexposed"].tolist() == [86000.0, 86400.0, 500.0]
    assert seen["after"].tolist() == [True, False, False]


def test_a_clock_that_jumps_back_makes_no_negative_time() -> None:
    seen = association.watched(boots({"begin": 250.0, "end": 100.0}, {**DIED, "begin": 250.0, "crash": 100.0}))
    assert (seen[["exposed", "unexposed"]] >= 0).all(axis=None)


def test_two_logs_of_one_boot_are_one_boot_whatever_the_second_at_which_they_say_it_began() -> None:
    start = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # the night in which clocks on the wall go back
    logs = [{"started": start + timedelta(seconds=at), "end": 80000.0 + at} for at in (0, 29, 31)]
    other = {"started": start + timedelta(hours=1)}
    found = association.distinct(boots(*logs, other, {"started": start, "host": "n2"}, {"started": None}))
    assert found["boot"].tolist() == ["b2", "b3", "b4", "b5"]
    case = {"started": start, "case": "b0", "end": 100.0}
    assert association.distinct(boots(case, *logs))["boot"].tolist() == ["b0"], "the log that shows what happened"


def crashes(*days: int, title: str = "oops") -> pd.DataFrame:
    rows = [
        {"case": str(n), "crashed": True, "title": title, "wall_time": MONDAY + timedelta(days=day, hours=1)}
        for n, day in enumerate(days)
    ]
    return frame(schema.arrow("cases", rows))


def weeks(*days: int) -> dict[Any, dict[Any, Any]]:
    found = regressions.weeks(crashes(*days))
    return {f"{row['week']:%m-%d}": row for row in found.to_dict("records")}


def test_a_week_is_compared_with_whole_weeks_only() -> None:
    found = weeks(-1, *[0] * 8, *[7] * 20)  # the archive begins on a Sunday
    assert math.isnan(found["11-02"]["ratio"]) and not found["11-02"]["meaning"]
    assert (found["11-09"]["before"], found["11-09"]["meaning"]) == (8, "more often")


def test_the_tests_that_were_not_worth_making_count_as_tests() -> None:
    alone = regressions.weeks(crashes(0, 7, 14, *[21] * 7))
    many = pd.concat([crashes(0, 7, 14, *[21] * 7), *(crashes(0, title=f"t{n}") for n in range(50))])
    among = regressions.weeks(many)
    assert alone.iloc[0]["meaning"] == "more often" and among.iloc[0]["p"] == alone.iloc[0]["p"]
    assert among.iloc[0]["meaning"] == ""
    assert exact.false_discovery([0.01], 5) == pytest.approx([0.05])


def test_a_release_without_another_to_compare_with_is_not_judged() -> None:
    assert regressions.releases(boots(*[DIED] * 5)).empty


def pages(*waits: tuple[float | None, bool]) -> pd.DataFrame:
    rows = [
        {"boot": f"b{n}", "open": True, "first_seen": 0.0, "last_seen": last, "crashed": crashed, "type": "slab"}
        for n, (last, crashed) in enumerate(waits)
    ]
    return frame(schema.arrow("pages", rows))


def test_where_no_host_has_crashed_no_time_is_known() -> None:
    found = survival.in_use(pages((10.0, False), (20.0, False)))
    assert (found.pages, found.crashes, len(found.curve)) == (2, 0, 0)
    assert found.quantiles[["time", "low", "high"]].isna().all(axis=None)
    assert survival.in_use(pages()).quantiles["time"].isna().all()


def test_one_crash_gives_a_time_and_no_upper_end() -> None:
    found = survival.in_use(pages((10.0, True), (None, False)))
    assert found.unknown == 1
    half = found.quantiles.set_index("share").loc[0.5]
    assert half["time"] == 10.0 and math.isnan(half["high"])
