"""A case that went into the store comes out of it as it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from triage import pipeline
from triage.errors import TriageError
from triage.fleet import held
from triage.model import Case, HardwareError
from triage.report import html

FIXTURES = Path(__file__).parents[1] / "fixtures" / "logs"


def cases_of(*paths: Path) -> list[Case]:
    return pipeline.analyze([str(path) for path in paths]).cases


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.log")), ids=lambda path: path.stem)
def test_every_kind_of_event_comes_back(path: Path) -> None:
    for case in cases_of(path):
        assert held.unpacked(held.packed(case)) == case


def test_of_a_storm_the_lines_that_no_report_shows_are_left_out(tmp_path: Path) -> None:
    lines = (
        f"[{100 + n / 10:12.6f}] EDAC MC0: 1 CE memory read error on A1 (page:{n:#x} offset:0x0)" for n in range(900)
    )
    log = tmp_path / "dmesg.log"
    log.write_text("\n".join(lines) + "\n[  300.000000] Memory failure: 0x1: recovery action for free page: Failed\n")
    (case,) = cases_of(log)
    again = held.unpacked(held.packed(case))
    assert html.render([again]) == html.render([case])
    assert len(again.errors) == 900 and len(held.packed(case)) < sum(len(str(e)) for _, e in case.errors)
    assert sum(bool(event.lines) for event in again.boot.events) < 100


def test_what_no_encoder_takes_is_made_fit() -> None:
    case = next(case for path in sorted(FIXTURES.glob("*.log")) for case in cases_of(path) if case.errors)
    name, error = case.errors[0]
    odd = replace(error, what="lone \udc80", detail={"far": 1 << 70, "low": -(1 << 70)})
    events = tuple(odd if event is error else event for event in case.boot.events)
    made = replace(case, errors=((name, odd), *case.errors[1:]), boot=replace(case.boot, events=events))
    found = held.unpacked(held.packed(made)).errors[0][1]
    assert isinstance(found, HardwareError)
    assert found.what == "lone ?" and set(found.detail) == {"far", "low"}


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x80", b"\x93\x01\x02\x03"])
def test_bytes_that_are_no_case_are_refused(data: bytes) -> None:
    with pytest.raises(TriageError, match="damaged case"):
        held.unpacked(data)
