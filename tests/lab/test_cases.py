"""The table of cases names only what the lab can do."""

import json
from pathlib import Path

import pytest

from tests.lab.cases import Case, load, select
from tests.lab.deaths import DEATHS
from tests.lab.errors import LabError
from tests.lab.kernels import KERNELS
from tests.lab.victims import KINDS

CASES = load()
FIXTURES = Path(__file__).parents[1] / "fixtures" / "cores"
CAUSES = {"memory-error", "other-hardware", "software", "operator", "unknown"}
CONFIDENCES = {"proven", "strong", "likely", "weak", "none"}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_case_names_known_kernel_kinds_and_death(case: Case) -> None:
    assert case.kernel in KERNELS
    assert set(case.poison) <= set(KINDS)
    assert case.death in DEATHS or case.kernel == "6.12-arm64"
    assert not case.guilty or case.guilty in case.poison
    cause, confidence = case.verdict.split()
    assert cause in CAUSES
    assert confidence.removeprefix("<=") in CONFIDENCES


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_sysctl_is_set_only_where_the_kernel_has_it(case: Case) -> None:
    assert not case.sysctl or case.kernel.startswith("7.3")
    assert case.death != "sysctl" or case.sysctl


def test_every_kind_has_a_run_that_settles_its_what_if() -> None:
    settled = {case.poison[0] for case in CASES.values() if case.sysctl and len(case.poison) == 1}
    assert settled == set(KINDS)


def test_each_x86_kernel_has_a_real_kdump() -> None:
    assert {case.kernel for case in CASES.values() if case.kdump} >= {"6.1", "6.12", "7.3"}


def test_every_fixture_core_is_of_a_case_that_can_be_made_again() -> None:
    truths = (json.loads(path.read_text()) for path in FIXTURES.glob("*.truth.json"))
    assert {truth["case"] for truth in truths} <= set(CASES)


def test_select_by_pattern_and_half() -> None:
    assert [case.name for case in select(CASES, ["7.3-dentry-sysctl"])] == ["7.3-dentry-sysctl"]
    half = select(CASES, [], half=True)
    assert 0 < len(half) < len(CASES)
    with pytest.raises(LabError, match="no case is called nonsense"):
        select(CASES, ["nonsense"])
