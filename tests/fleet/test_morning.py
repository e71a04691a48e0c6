"""What the first screen tells: which modules to replace, who runs with corrupt memory, what is new."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench import fleetgen
from tests.fleet.conftest import Fleet
from tests.fleet.samples import console, dmesg, put
from triage.fleet import run, store
from triage.fleet.report import site
from triage.fleet.statistics import morning
from triage.fleet.statistics.gather import Statistics, gather


class Screen(HTMLParser):
    """A page as read: its tiles by name, and the rows of each table by the heading above it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tiles: dict[str, str] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.heading = self.tag = self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in ("h1", "h2", "dt", "dd", "td"):
            self.tag, self.text = tag, ""
        if tag == "tr":
            self.tables.setdefault(self.heading, []).append([])

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        words = " ".join(self.text.split())
        match tag:
            case "h1" | "h2":
                self.heading = words
            case "dt":
                self.tile = words
            case "dd":
                self.tiles[self.tile] = words
            case "td":
                self.tables[self.heading][-1].append(words)
            case "table":
                self.tables[self.heading] = [row for row in self.tables[self.heading] if row]


@pytest.fixture(scope="module")
def screen(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Screen:
    folder = tmp_path_factory.mktemp("site") / "html"
    site.write(folder, fleet.store, fleet.statistics)
    return Screen(folder / "index.html")


def test_the_modules_to_replace_are_the_weak_ones_that_struck(fleet: Fleet, screen: Screen) -> None:
    struck, weak = fleet.truth["struck"], fleet.truth["weak"]
    assert screen.tiles["modules to replace"] == str(len(struck))
    rows = screen.tables["Replace first"]
    assert len(rows) == 8  # the others are behind a link
    for do, module, host, why, _ in rows:
        assert (do, module) == ("replace", weak[host][0])
        assert why.startswith(f"{struck[host]} uncorrected error")
    replace = fleet.statistics.tables["replace"]
    assert set(replace.loc[replace["do"] == "replace", "host"]) == set(struck)
    assert set(replace.loc[replace["do"] == "watch", "host"]) <= set(weak) - set(struck)


def test_the_hosts_that_run_with_corrupt_memory_are_those_whose_newest_boot_does(tmp_path: Path) -> None:
    plan = fleetgen.Plan(boots=120, hosts=40, seed=3, weak=0.6, latent=60.0, copies=0.0, damaged=0.0)
    truth = fleetgen.write(plan, tmp_path / "archive")
    (tmp_path / "archive" / "logs").rename(tmp_path / "a")
    made = taken(tmp_path)
    assert len(truth.running) > 2 and set(made.tables["running"]["host"]) == truth.running
    site.write(tmp_path / "html", store.Store(tmp_path / "store"), made)
    screen = Screen(tmp_path / "html" / "index.html")
    assert screen.tiles["hosts running with corrupt memory"] == str(len(truth.running))
    assert {row[0] for row in screen.tables["Running with corrupt memory: drain and reboot"]} <= truth.running


def test_the_victims_of_bad_memory_are_named(fleet: Fleet, screen: Screen) -> None:
    named = {row[0] for row in screen.tables["Really bad memory behind it"]}
    assert named and all(re.search(r"in (d_lookup|alloc_empty_file)$", title) for title in named)


def test_the_head_counts_what_there_is(fleet: Fleet, screen: Screen) -> None:
    week = fleet.statistics.week
    assert week is not None
    assert (
        screen.tiles[f"crashes in the week to {week.until:%Y-%m-%d}"] == f"{week.crashes} {week.before} the week before"
    )
    assert screen.tiles["inputs not read, or in part"] == str(len(fleet.store.read("failures", ["kind"])))


def taken(tmp_path: Path) -> Statistics:
    """The statistics of an archive of hand-made logs."""
    with store.opened(tmp_path / "store") as opened:
        run.run([str(tmp_path / "a")], opened, run.Settings(jobs=1))
        return gather(opened)


def day(host: str, date: str, *args: float, site: str = "d_lookup", **options: Any) -> str:
    """A console's log of a crash on some day."""
    return console(host, *args, **options).replace("2026-11-20", date).replace("d_lookup", site)


def test_a_signature_is_new_if_nobody_saw_it_before_this_week(tmp_path: Path) -> None:
    put(tmp_path / "a/1.log", day("n1", "2026-11-01", 100.5, pid=1))
    put(tmp_path / "a/2.log", day("n2", "2026-11-18", 101.5, pid=2))
    put(tmp_path / "a/3.log", day("n3", "2026-11-19", 102.5, pid=3, site="tcp_ack"))
    put(tmp_path / "a/4.log", day("n4", "2026-11-20", 103.5, pid=4, site="tcp_ack", error=True))
    put(tmp_path / "a/5.log", day("n5", "2106-02-07", 104.5, pid=5, site="xfs_iget"))  # no week ends in a broken clock
    made = taken(tmp_path)
    assert made.week is not None
    assert (made.week.crashes, made.week.before, made.week.memory, made.week.hosts) == (3, 0, 1, 3)
    (row,) = made.tables["fresh"].to_dict("records")
    assert row["title"].endswith("tcp_ack") and (row["crashes"], row["hosts"], row["memory"]) == (2, 2, 1)
    assert made.totals["undated"] == 1


def test_the_first_week_has_nothing_new_because_all_is(tmp_path: Path) -> None:
    put(tmp_path / "a/1.log", day("n1", "2026-11-18", 100.5, pid=1))
    put(tmp_path / "a/2.log", day("n2", "2026-11-20", 101.5, pid=2, site="tcp_ack"))
    assert taken(tmp_path).tables["fresh"].empty


def test_a_host_that_was_booted_again_runs_with_corrupt_memory_no_more(tmp_path: Path) -> None:
    put(tmp_path / "a/1.log", day("n1", "2026-11-18", 200.5, error=True, crash=False))
    put(tmp_path / "a/2.log", day("n2", "2026-11-18", 201.5, error=True, crash=False))
    put(tmp_path / "a/3.log", day("n2", "2026-11-19", 202.5, crash=False))
    put(tmp_path / "a/4.log", day("n3", "2026-11-18", 203.5, error=True, pid=9))  # crashed: corrupt no more
    assert taken(tmp_path).tables["running"]["host"].tolist() == ["n1"]


def test_the_same_slot_of_two_machines_without_a_name_is_two_modules(tmp_path: Path) -> None:
    for n in range(2):
        put(tmp_path / f"a/{n}.log", dmesg(200.5 + n, pid=n + 1, error=True))
    made = taken(tmp_path)
    assert made.tables["modules"]["uncorrected"].tolist() == [1, 1]
    site.write(tmp_path / "html", store.Store(tmp_path / "store"), made)
    assert len(list((tmp_path / "html" / "m").iterdir())) == 2
    for page in (tmp_path / "html" / "m").iterdir():
        assert "DIMM_A1 of a host without a name" in page.read_text() and page.read_text().count("../c/") == 1


def module(**values: Any) -> dict[str, Any]:
    """A row of the ranking."""
    return {
        "host": "n1",
        "dimm": "A1",
        "uncorrected": 0,
        "boots": 0,
        "crashes": 0,
        "corrected": 0,
        "pattern": "too few",
    } | values


@pytest.mark.parametrize(
    ("row", "do", "why"),
    [
        (module(uncorrected=1, boots=1), "replace", "1 uncorrected error in 1 boot"),
        (
            module(uncorrected=3, boots=2, crashes=1, corrected=40, pattern="row"),
            "replace",
            "3 uncorrected errors in 2 boots, 1 crash, 40 corrected errors in one row",
        ),
        (module(corrected=2, pattern="cell"), "watch", "2 corrected errors in one cell"),
        (module(corrected=1, pattern="cell"), None, ""),
        (module(corrected=900, pattern="several devices"), None, ""),  # the bus, the slot or the controller
        (module(corrected=900, pattern="too few"), None, ""),
    ],
)
def test_what_to_do_with_a_module_and_why(row: dict[str, Any], do: str | None, why: str) -> None:
    found = morning.replace(pd.DataFrame([row]))
    assert found[["do", "why"]].to_numpy().tolist() == ([[do, why]] if do else [])
