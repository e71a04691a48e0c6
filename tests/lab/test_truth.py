"""Truth files: the expected verdict out of the table, and what-if out of each kind's own run."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lab import deaths, truth
from tests.lab.cases import Case
from tests.lab.victims import Victim


def known(case: Case, kind: str, panic: str = "") -> dict[str, object]:
    """The truth of a case with one page of a kind."""
    return truth.compose(case, "7.3.0-test", [Victim(kind, "slab", 0x1507)], {"panic": panic}, [])


def test_what_if_comes_from_the_run_with_the_sysctl(tmp_path: Path) -> None:
    before = Case("6.12-a", "6.12", ("dentry",), verdict="operator proven")
    unjudged = Case("6.12-b", "6.12", ("dentry",), inject="none", death="consume", verdict="memory-error strong")
    unknown = Case("6.12-c", "6.12", ("anon",), verdict="operator proven")
    settles = Case("7.3-a", "7.3", ("dentry",), death="sysctl", sysctl=1, verdict="operator proven")
    for case, panic in ((before, ""), (unjudged, ""), (settles, "Memory failure: 0x1507: unrecoverable page")):
        folder = tmp_path / case.name
        folder.mkdir()
        truth.write(folder, known(case, "dentry", panic))
    (tmp_path / unknown.name).mkdir()
    truth.write(tmp_path / unknown.name, known(unknown, "anon"))
    truth.settle_what_if(tmp_path)
    found = {path.parent.name: json.loads(path.read_text())["expected"]["what_if"] for path in tmp_path.glob("*/*")}
    assert found == {"6.12-a": {"0x1507": True}, "6.12-b": {}, "6.12-c": {"0x1507": None}, "7.3-a": {"0x1507": True}}


def test_a_run_made_from_another_line_or_other_sources_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case("6.12-a", "6.12", ("dentry",), verdict="operator proven")
    assert truth.state(tmp_path, case) == "-"
    truth.write(tmp_path, known(case, "dentry"))
    assert truth.state(tmp_path, case) == truth.state(tmp_path, replace(case, half=True)) == "made"
    assert truth.state(tmp_path, replace(case, cpus=2)) == "stale"
    guest = tmp_path / "guest"
    shutil.copytree(truth.GUEST, guest)
    monkeypatch.setattr(truth, "GUEST", guest)
    assert truth.state(tmp_path, case) == "made"
    with (guest / "labtool.c").open("a") as source:
        source.write("\n")
    assert truth.state(tmp_path, case) == "stale"


def test_expected_names_the_guilty_page_only_where_the_death_is_about_it() -> None:
    pages = [Victim("anon", "anonymous", 1, innocent=True), Victim("dentry", "slab", 2)]
    consumed = Case("x", "6.12", ("anon", "dentry"), death="consume", verdict="memory-error proven")
    crashed = Case("x", "6.12", ("anon", "dentry"), verdict="software <=weak")
    assert truth.expected(consumed, pages)["blamed"] == [2]
    assert truth.expected(crashed, pages)["blamed"] == []
    assert truth.expected(crashed, pages)["at_most"] is True


def test_seen_takes_the_function_of_the_fault_and_not_of_an_earlier_record() -> None:
    console = (
        "mce: [Hardware Error]: RIP !INEXACT! 10:<ffffffff88293f8f> {default_idle+0xf/0x20}\n"
        "mce: [Hardware Error]: RIP 10:<ffffffff87a6be81> {__d_lookup+0x51/0xc0}\n"
        "Kernel panic - not syncing: Fatal machine check\n"
    )
    assert deaths.seen(console, faults=True) == {"panic": "Fatal machine check", "function": "__d_lookup"}
    assert deaths.seen(console, faults=False) == {"panic": "Fatal machine check"}
