"""An archive whose every field is an attack: what a fleet writes of it runs nowhere and stays in its place."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.fleet.samples import lines, put
from tests.report.test_browser import ATTACKS, CHROMIUM, Server, browse, served
from tests.report.test_markdown import rendered
from triage.cli import main

assert served  # the fixture

OTHERS = (
    "=cmd|'/c calc'!A1", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1", "|pipe|", "a,b\"c", "x\"} 1\ny{z=\"",
    "@root #123 GH-7 https://evil.example ![i](//x/y)",
    "\x1b[31mred\x1b]0;title\x07", "\u202egnp.exe", "a\u2028b\u200bc",
    "| a | b |\n|---|---|", "../../../../etc/passwd", "con\udcffname",
)  # fmt: skip
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def journal(attack: str, number: int) -> str:
    """A boot with an error and a crash, in a form that carries any text."""
    told = []
    for time, text in lines(200.0 + number * 1.37, pid=number + 10, error=True):
        text = text.replace("DIMM_A1", f"DIMM_A1 {attack}").replace("Comm: worker", f"Comm: {attack}")
        text = text.replace("d_lookup+0x5c/0x220", f"d_lookup+0x5c/0x220 [{attack}]").replace("Acme R750", attack)
        told.append((time, text.replace("Fatal exception", attack)))
    rows = (
        {"_TRANSPORT": "kernel", "_HOSTNAME": attack, "_BOOT_ID": f"{number:032x}", "MESSAGE": text, "PRIORITY": "2",
         "__REALTIME_TIMESTAMP": str(1795399907000000 + number * 3_600_000_000 + int(time * 1e6)),
         "_SOURCE_MONOTONIC_TIMESTAMP": str(int(time * 1e6))}
        for time, text in told
    )  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder with the site, the tables and the summary of the archive, and what the command said."""
    base = tmp_path_factory.mktemp("attacked")
    archive = base / "archive"
    for number, attack in enumerate((*ATTACKS, *OTHERS)):
        name = re.sub(r"[/\0]", "_", attack).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")[:60]
        put(archive / f"{number}" / f"{name}.log", journal(attack.encode("utf-8", "replace").decode(), number))
        put(archive / f"{number}" / f"{name}-broken.log.gz", "no gzip").write_bytes(b"\x1f\x8b\x08\x00broken")
    places = [x for form in ("html", "csv") for x in (f"--{form}", base / form)]
    places += ["--markdown", base / "fleet.md", "--metrics", base / "metrics"]
    told = CliRunner().invoke(
        main, ["fleet", str(archive), "--store", str(base / "store"), "--jobs", "2", *map(str, places)]
    )
    assert told.exit_code == 3, told.output
    return base, told


def test_the_attacks_are_in_the_store_and_each_has_its_page(written: tuple[Path, Any]) -> None:
    base, _ = written
    pages = list((base / "html").rglob("*.html"))
    assert len([page for page in pages if page.parent.name == "c"]) == len(ATTACKS) + len(OTHERS)
    text = "".join(page.read_text() for page in pages)
    assert "&lt;script&gt;document.title=&#39;pwned&#39;" in text or "&lt;script&gt;document.title='pwned'" in text
    assert not CONTROL.search(text)


def test_files_have_names_of_ours(written: tuple[Path, Any]) -> None:
    base, _ = written
    for folder, form in (("html", r"(?:[cshm]/)?[a-z0-9_-]+(?:\.html)?|[a-z.-]+"), ("csv", r"[a-z_-]+\.csv")):
        for path in (base / folder).rglob("*"):
            assert re.fullmatch(form, str(path.relative_to(base / folder))), path
    assert {path.name for path in base.iterdir()} == {"archive", "html", "csv", "fleet.md", "metrics", "store"}


def test_no_cell_of_a_table_is_a_formula_or_more_than_a_cell(written: tuple[Path, Any]) -> None:
    base, _ = written
    for path in (base / "csv").iterdir():
        with path.open(newline="", encoding="utf-8") as file:
            heads, *rows = csv.reader(file)
        for row in rows:
            assert len(row) == len(heads)
            for cell in row:
                numeric = re.fullmatch(r"-?[\d.]+(?:e[+-]?\d+)?", cell)
                assert numeric or not cell.lstrip()[:1] or cell.lstrip()[0] not in "=+-@|＝＋－＠", (path, cell)
                assert not CONTROL.search(cell)


def test_metrics_are_samples_and_nothing_else(written: tuple[Path, Any]) -> None:
    base, _ = written
    label = r'[a-z_]+="[\w.-]+"'
    for line in (base / "metrics").read_text().splitlines():
        assert re.fullmatch(
            rf"# (?:HELP|TYPE) triage_fleet_\w+ [\w ,.'-]+|triage_fleet_\w+(?:\{{{label}(?:,{label})*\}})? [\d.e+-]+",
            line,
        )


def test_the_summary_is_inert(written: tuple[Path, Any]) -> None:
    base, _ = written
    source = (base / "fleet.md").read_text()
    shown = rendered(source)
    assert not re.search(r"<(?!/?(?:h\d|p|strong|em|sub|table|thead|tbody|tr|th|td|ul|ol|li)\b)", shown)
    assert not re.search(r"@\w|#\d|GH-\d|https?://", shown) and not CONTROL.search(source)


def test_what_is_said_on_the_terminal_is_text(written: tuple[Path, Any]) -> None:
    _, told = written
    assert "gzip" in told.stderr and not CONTROL.search(told.output)
    assert all(line.startswith("triage: ") for line in told.stderr.splitlines() if "gzip" in line)


@pytest.mark.skipif(CHROMIUM is None, reason="no browser here")
def test_no_script_of_an_attacker_runs_and_nothing_is_requested(
    written: tuple[Path, Any], served: tuple[Path, str], tmp_path: Path
) -> None:
    base, _ = written
    folder, address = served
    folder.rmdir()
    folder.symlink_to(base / "html")
    for pattern in ("*.html", "c/*.html", "h/*.html", "m/*.html", "s/*.html"):
        for page in sorted(folder.glob(pattern))[:12]:
            Server.asked.clear()
            name = page.relative_to(folder)
            shown = browse(f"{address}/{name}", tmp_path / "profile")
            assert [path for path in Server.asked if path != "/favicon.ico"] == [f"/{name}"]
            assert "pwned</title>" not in shown and "<h1" in shown, name
