from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.report import samples
from triage.model import Crash, HardwareError
from triage.report import csv as report_csv
from triage.report import head, writer
from triage.report import json as report
from triage.report.escape import cell

SCHEMAS = Path(__file__).parents[2] / "docs" / "json-schema"


def schema(name: str) -> Draft202012Validator:
    text = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(text)
    return Draft202012Validator(text)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [s for k, v in value.items() for s in (k, *strings(v))]
    if isinstance(value, list):
        return [s for v in value for s in strings(v)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_document_keeps_the_contract(name: str) -> None:
    document = report.document(samples.SAMPLES[name])
    schema("analyze-1").validate(document)
    assert "" not in strings(document)
    json.dumps(document, allow_nan=False).encode("ascii")


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_events_keep_the_contract(name: str) -> None:
    for case in samples.SAMPLES[name]:
        for event in case.boot.events[:50]:
            row = report.event(event)
            schema("log-1").validate(row)
            assert (row["kind"] == "crash") is isinstance(event, Crash) is ("title" in row) is ("type" in row)


def test_addresses_are_hex_without_padding_and_counts_are_numbers() -> None:
    case = report.document([samples.proven()])["cases"][0]
    assert case["pages"][0]["pfn"] == "0x519b7"
    assert case["pages"][0]["detail"]["object_address"] == "0xffff0000119b7a40"
    assert case["pages"][0]["detail"]["object_offset"] == 64
    assert case["crash"]["registers"]["x27"] == "0x0"
    assert case["crash"]["pid"] == 2214
    assert case["errors"][0]["location"]["row"] == 20931
    frame = case["crash"]["trace"][0]
    assert (frame["function"], frame["offset"], frame["size"], frame["module"]) == (
        "__d_lookup_rcu",
        0x6C,
        0x190,
        None,
    )


def test_wall_time_is_iso_8601_in_utc() -> None:
    assert report.wall_time(0.5) == "1970-01-01T00:00:00.500000Z"
    assert report.wall_time(1e30) is report.wall_time(float("nan")) is report.wall_time(None) is None


def test_registers_of_machine_checks_stay_exact() -> None:
    error = HardwareError(
        kind="mce",
        source="x",
        first_line=1,
        last_line=1,
        component="memory",
        severity="fatal",
        what="x",
        mca={"bank": 9, "status": 0xBD80000000100134, "uc": True, "note": "", "parts": [1, float("inf")]},
    )
    assert report.event(error)["mca"] == {
        "bank": 9,
        "status": "0xbd80000000100134",
        "uc": True,
        "note": None,
        "parts": [1, None],
    }


def test_undecodable_names_can_be_written() -> None:
    error = HardwareError(
        kind="mce", source="log-\udcff", first_line=1, last_line=1, component="memory", severity="fatal", what="x"
    )
    assert report.event(error)["source"].isprintable()


def test_a_schema_that_checks_nothing_would_pass_this() -> None:
    document = report.document([samples.proven()])
    document["cases"][0]["pages"][0]["pfn"] = "0x0519B7"
    assert list(schema("analyze-1").iter_errors(document))


def test_csv_rows_fit_the_header_and_hold_no_formula() -> None:
    events = [*samples.proven().boot.events, *samples.hostile().boot.events]
    rows = list(csv.reader([head("csv"), *(writer("csv")(event) for event in events)]))
    assert {len(row) for row in rows} == {len(report_csv.HEADER)}
    assert rows[1][rows[0].index("physical_address")] == "0x519b7a80"
    for value in ("=1+1", "+1", "-1", "@A1", "\t=1", " =1", "|x", "＝1"):
        assert cell(value).startswith("'")
    assert cell(12.5) == "12.5" and cell(None) == ""
    assert not [c for row in rows for c in row if c[:1] in tuple("=+-@\t\r")]
