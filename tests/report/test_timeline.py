from __future__ import annotations

import itertools

import pytest

from tests.report import samples
from triage.report import moments
from triage.report.timeline import LEFT, RIGHT, WIDTH, Moment, layout, positions, wrap


def moment(time: float, label: str = "x", **more: object) -> Moment:
    return Moment(time=time, clock=f"{time:.6f}", label=label, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("times", [[0, 1], [0, 0, 0], [5, 5.000001, 90_000, 90_000.5, 1e9], list(range(12))])
def test_positions_rise_within_the_axis(times: list[float]) -> None:
    places = positions(times)
    assert places[0] == LEFT and places[-1] == pytest.approx(RIGHT, abs=1)
    assert all(b - a > 20 for a, b in itertools.pairwise(places))


def test_a_long_gap_is_drawn_longer() -> None:
    a, b, c = positions([0.0, 0.02, 70.0])
    assert c - b > 2 * (b - a)


def test_labels_stay_in_the_picture_and_do_not_overlap() -> None:
    picture = layout([moment(t, "a label of some length here") for t in (0, 0.01, 0.02, 50, 51, 400)])
    assert picture
    for tier in range(3):
        spans = []
        for mark in picture.marks:
            width = 7.3 * max(map(len, (mark.moment.clock, *mark.lines)))
            left = {"start": mark.x, "middle": mark.x - width / 2, "end": mark.x - width}[mark.anchor]
            assert left >= 0 and left + width <= WIDTH
            spans += [(left, left + width)] if mark.tier == tier else []
        assert all(first[1] <= second[0] for first, second in itertools.pairwise(spans))


def test_the_band_lasts_from_verdict_to_crash() -> None:
    picture = layout(moments.moments(samples.origin()))
    assert picture and picture.band
    assert picture.band.text == "67.35 s in use"
    assert [mark.gap for mark in picture.marks] == [None, "19 ms", "67.35 s"]
    assert [mark.moment.flag for mark in picture.marks] == [None, "7.3 with the sysctl: depends", None]


def test_without_a_crash_the_page_stays_in_use() -> None:
    picture = layout(moments.moments(samples.no_crash()), crashed=False)
    assert picture and picture.band
    assert picture.after == picture.band.text == "in use when the log ends"


def test_there_is_no_picture_without_times() -> None:
    assert layout([]) is None
    assert layout([moment(1.0)]) is None
    assert layout(moments.moments(samples.software())) is None


def test_wrap_cuts_what_is_too_long() -> None:
    assert wrap("one two three", 7) == ("one two", "three")
    assert wrap("abcdefghij", 5) == ("abcd…",)
    assert wrap("aa bb cc dd ee", 5)[-1].endswith("…")
