"""The site, the summary, metrics and CSV: whole, linked both ways, inert whatever the logs say, bounded."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.fleet.conftest import Fleet
from tests.fleet.samples import console, dmesg, put
from triage import pipeline
from triage.fleet.command import fleet as command
from triage.fleet.report import csv as tables
from triage.fleet.report import metrics, site, summary
from triage.report import html

EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What a page refers to and what it could run."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links, self.ids, self.scripts, self.handlers, self.policy = [], set(), 0, 0, ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]
        self.ids.add(found.get("id"))
        self.scripts += tag == "script" and found.get("type") != "application/json"
        self.handlers += any(name.startswith("on") for name in found)
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"] or ""


@pytest.fixture(scope="module")
def pages(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    site.write(folder, fleet.store, fleet.statistics)
    return folder


def test_every_link_leads_somewhere_and_nothing_leads_out(pages: Path) -> None:
    for path in pages.rglob("*.html"):
        page = Page(path)
        for link in page.links:
            there = link[1:] in page.ids if link.startswith("#") else (path.parent / link).resolve().is_file()
            assert "://" not in link and there, (path, link)
    data = json.loads(re.search(r'id="rows-list">(.*?)</script>', (pages / "cases.html").read_text(), re.S)[1])  # type: ignore[index]
    assert all((pages / cell[2]).is_file() for row in data for cell in row if len(cell) > 2)


def test_there_is_a_page_for_every_case_signature_host_and_module(pages: Path, fleet: Fleet) -> None:
    tables = fleet.statistics.tables
    for folder, count in (
        ("c", fleet.statistics.totals["cases"]),
        ("s", len(tables["signatures"])),
        ("m", len(tables["modules"])),
        ("h", len(tables["hosts"])),
    ):
        assert len(list((pages / folder).iterdir())) == count, folder


def test_case_pages_are_the_whole_report_with_its_raw_lines(pages: Path, fleet: Fleet) -> None:
    cases = fleet.store.read("cases", ["case", "unit", "cause", "title"])
    row = cases[(cases["cause"] == "memory-error") & cases["title"].notna()].iloc[0]
    text = (pages / "c" / f"{row['case']}.html").read_text()
    analysis = pipeline.analyze([row["unit"]])
    report = html.render(analysis.cases)
    raw = re.search(r"<h2>The lines</h2>.*?</pre>", report, re.S)
    assert raw and raw[0] in text and "recovery action for" in raw[0]
    for heading in re.findall(r"<h2[^>]*>.*?</h2>", report):
        assert heading in text


def test_case_pages_hold_no_script_and_the_others_only_their_own(pages: Path) -> None:
    for path in pages.rglob("*.html"):
        page = Page(path)
        assert page.handlers == 0 and page.policy.startswith("default-src 'none'")
        assert page.scripts == (0 if path.parent.name == "c" else 1)
        assert ("script-src" in page.policy) == (path.parent.name != "c")


def test_a_second_report_keeps_case_pages_and_removes_what_is_gone(pages: Path, fleet: Fleet) -> None:
    case = next((pages / "c").iterdir())
    before = case.stat().st_mtime_ns
    put(pages / "c" / "0000000000000000-9.html", "old")
    site.write(pages, fleet.store, fleet.statistics)
    assert case.stat().st_mtime_ns == before
    assert not (pages / "c" / "0000000000000000-9.html").exists()


def test_a_directory_that_holds_something_else_is_left_alone(tmp_path: Path, fleet: Fleet) -> None:
    put(tmp_path / "thesis.txt", "precious")
    with pytest.raises(OSError, match="no fleet report"):
        site.write(tmp_path, fleet.store, fleet.statistics)


def test_metrics_have_bounded_labels(fleet: Fleet) -> None:
    text = metrics.render(fleet.statistics, 1.0)
    names = set(re.findall(r'(\w+)="', text))
    assert names <= {"cause", "confidence", "policy", "answer", "effect"}
    assert f"triage_fleet_crashes {fleet.truth['crashes']}" in text
    assert all(re.fullmatch(r"# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? -?[\d.e+-]+", line) for line in text.splitlines())


def test_the_summary_says_what_matters(fleet: Fleet) -> None:
    text = summary.render(fleet.statistics)
    assert text.startswith(f"# Fleet: {fleet.truth['crashes']} crashes of 80 hosts, ")
    assert "hardware-suspect" in text and "## Memory modules" in text


def test_csv_holds_every_row_and_exact_addresses(tmp_path: Path, fleet: Fleet) -> None:
    tables.write(tmp_path, fleet.store, fleet.statistics)
    with (tmp_path / "pages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(fleet.store.read("pages", ["pfn"]))
    assert all(row["pfn"].startswith("0x") for row in rows)


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_what_logs_say_stays_text(tmp_path: Path) -> None:
    put(tmp_path / "a/x.log", console(EVIL, 100.5, pid=1, error=True).replace("Comm: worker", f"Comm: {EVIL}"))
    put(tmp_path / "a/=cmd|calc.log", console("=1+1", 101.5, pid=2).replace("d_lookup", "__init"))
    result = run(
        tmp_path / "a",
        "--store",
        tmp_path / "s",
        "--html",
        tmp_path / "h",
        "--csv",
        tmp_path / "c",
        "--markdown",
        tmp_path / "m.md",
        "--jobs",
        1,
    )
    assert result.exit_code == 0, result.output
    for path in (tmp_path / "h").rglob("*.html"):
        assert EVIL not in path.read_text()
    assert EVIL not in (tmp_path / "m.md").read_text()
    assert not re.search(r"(^|,)=", (tmp_path / "c" / "cases.csv").read_text(), re.M)


def test_exit_codes_and_one_line_errors(tmp_path: Path) -> None:
    missing = run(tmp_path / "none", "--store", tmp_path / "s")
    assert missing.exit_code == 3 and "no such file" in missing.output
    assert run("--store", tmp_path / "nothing", "--html", tmp_path / "h").exit_code == 3
    assert run(tmp_path, "--store", tmp_path / "s", "--host", "(").exit_code == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    assert (
        run(
            empty,
            "--store",
            tmp_path / "s2",
            "--html",
            tmp_path / "h2",
            "--markdown",
            tmp_path / "m",
            "--metrics",
            tmp_path / "p",
            "--csv",
            tmp_path / "c",
        ).exit_code
        == 0
    )
    assert (tmp_path / "h2" / "index.html").is_file()
    assert run("--store", tmp_path / "s2", "--markdown", "/proc/nowhere/x").exit_code == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        dmesg(crash=False),
        dmesg(),
        dmesg(error=True, crash=False),
        re.sub(r"(?m)^\[.{12}\] ", "", dmesg(error=True)),
    ],
    ids=["nothing", "healthy", "crash", "error", "untimed"],
)
def test_a_fleet_of_almost_nothing_has_a_report_too(tmp_path: Path, text: str) -> None:
    put(tmp_path / "a" / "x.log", text)
    outputs = (
        "--html",
        tmp_path / "h",
        "--markdown",
        tmp_path / "m",
        "--metrics",
        tmp_path / "p",
        "--csv",
        tmp_path / "c",
    )
    assert run(tmp_path / "a", "--store", tmp_path / "s", "--jobs", 1, *outputs).exit_code == 0
    assert (tmp_path / "h" / "index.html").is_file() and (tmp_path / "m").read_text().startswith("# Fleet")
