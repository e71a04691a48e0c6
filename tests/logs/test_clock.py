"""Wall clocks, in every spelling that a prefix keeps."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from triage.logs.clock import since_new_year, wall_seconds

MOMENT = datetime(2026, 11, 23, 2, 11, 47, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T02:11:47Z",
        "2026-11-23T02:11:47+0000",
        "2026-11-23T03:11:47+01:00",
        "2026-11-23 02:11:47",
        "2026-11-23 04:11:47 +0200",
        "2026-11-23T02:11:47,000000+00:00",
        "2026-11-23T02:11:47.000000123Z",
        "Mon 2026-11-23 02:11:47 UTC",
        "Mon Nov 23 02:11:47 2026",
        "Mon Nov 23 02:11:47 UTC 2026",
        "1795399907.000000",
    ],
)
def test_every_spelling_is_the_same_moment(text: str) -> None:
    assert wall_seconds(text) == pytest.approx(MOMENT, abs=0.001)


def test_a_time_without_year_needs_a_hint() -> None:
    assert wall_seconds("Nov 23 02:11:47") is None
    assert wall_seconds("Nov 23 02:11:47", MOMENT + 3600) == MOMENT
    assert wall_seconds("Nov 23 02:11:47.500000", MOMENT) == MOMENT + 0.5
    assert wall_seconds("Nov23 02:11", MOMENT) == MOMENT - 47


def test_times_without_year_tell_how_far_apart_they_are() -> None:
    assert since_new_year("Jan  2 00:00:01") == 86401
    leap = since_new_year("Feb 29 12:00:00"), since_new_year("Mar  1 12:00:00")
    assert leap[0] and leap[1] and leap[1] - leap[0] == 86400
    assert since_new_year("Nov 23 02:11:47 2026") is since_new_year("2026-11-23T02:11:47Z") is None


def test_the_year_before_the_hint_in_january() -> None:
    january = datetime(2027, 1, 3, tzinfo=UTC).timestamp()
    assert wall_seconds("Nov 23 02:11:47", january) == MOMENT
    assert wall_seconds("Jan  2 00:00:00", january) == january - 86400


@pytest.mark.parametrize(
    "text", [None, "", "Feb 30 00:00:00 2026", "Xyz 11 00:00:00", "1795399907.1.2", "2026-13-45T00:00:00Z"]
)
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert wall_seconds(text, MOMENT) is None
