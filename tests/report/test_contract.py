"""Every fixture's analysis keeps to the JSON contract; and the check sees what does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import triage
from tests.report.contract import faults
from tests.report.test_json import schema
from triage.report import json as report

LOGS = sorted((Path(__file__).parents[1] / "fixtures" / "logs").glob("*.log"))
ORIGIN = next(path for path in LOGS if path.stem == "memory_failure-origin-excerpt")


def document(*paths: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(report.document(triage.analyze_all(*paths))))
    return found


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_fixture_keeps_the_contract(path: Path) -> None:
    found = document(path)
    schema("analyze-1").validate(found)
    assert faults(found) == []


@pytest.mark.parametrize(
    ("part", "member", "value"),
    [
        ("pages", "pfn", "0x040272D"),
        ("pages", "type", "dentry"),
        ("pages", "log_label", ""),
        ("pages", "detail", {"slab": "dentry"}),
        ("links", "match", "near"),
        ("links", "pfn", "0x1"),
        ("links", "lag_seconds", "67.35"),
        ("counterfactual", "lead_seconds", 1.0),
        ("errors", "severity", "uncorrected"),
    ],
)
def test_check_sees_a_broken_document(part: str, member: str, value: object) -> None:
    broken = document(ORIGIN)
    broken["cases"][0][part][0][member] = value
    assert faults(broken)
