"""With --redact nothing that a fleet's reports say names a host, a user, an address or an input."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.fleet.samples import console, put
from triage.fleet.command import fleet as command
from triage.fleet.spot import FleetRedactor, Spotter
from triage.redact import Redactor

SECRETS = ("db07.corp.example.com", "db07", "db08", "mallory", "10.1.77.13", "ffff888104a3f678", "acme-prod", "trent")
OTHERS = "usb 1-1: owner=mallory from 10.1.77.13, see /home/trent/x and db08.corp.example.com"


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three crashes of two hosts, whose lines name more than their hosts."""
    folder = tmp_path / "acme-prod"
    for number, host in enumerate(("db07.corp.example.com", "db07.corp.example.com", "db08.corp.example.com")):
        text = console(host, 100.5 + number, pid=number + 1, error=True)
        text = text.replace("Not tainted", f"Not tainted {OTHERS}").replace(
            "Call Trace:", "RSP: 0018:ffff888104a3f678 EFLAGS: 00010246"
        )
        put(folder / f"{host}-{number}.log", text)
    put(folder / "db08-broken.log.gz", "no gzip").write_bytes(b"\x1f\x8b\x08\x00broken")
    return folder


def outputs(base: Path, *more: Any) -> Any:
    return run(
        "--store", base / "s", "--html", base / "h", "--csv", base / "c", "--markdown", base / "m.md",
        "--metrics", base / "m.prom", "--jobs", 1, *more,
    )  # fmt: skip


def written(base: Path) -> list[Path]:
    return [*(base / "h").rglob("*.html"), *(base / "c").iterdir(), base / "m.md", base / "m.prom"]


def test_no_output_names_anything(archive: Path, tmp_path: Path) -> None:
    plain = outputs(tmp_path, archive)
    told = plain.output + "".join(path.read_text() for path in written(tmp_path))
    assert [secret for secret in SECRETS if secret not in told] == []
    result = outputs(tmp_path, archive, "--retry", "--redact")
    assert result.exit_code in (3, 4) and "redacted: " in result.output, result.output
    for text in [result.output, *(path.read_text() for path in written(tmp_path))]:
        for secret in SECRETS:
            assert secret not in text, secret
    assert (tmp_path / "h" / "index.html").read_text().count("host-1") and "redacted:" in (
        tmp_path / "m.md"
    ).read_text()


def test_one_thing_has_one_token_everywhere(archive: Path, tmp_path: Path) -> None:
    assert outputs(tmp_path, archive, "--redact-map", tmp_path / "map.json").exit_code in (3, 4)
    names = json.loads((tmp_path / "map.json").read_text())
    assert (tmp_path / "map.json").stat().st_mode & 0o777 == 0o600
    token = names["host"]["db08.corp.example.com"]
    with (tmp_path / "c" / "cases.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["host"] == token]
    assert len(rows) == 1
    page = (tmp_path / "h" / "c" / f"{rows[0]['case']}.html").read_text()
    assert token in page and rows[0]["unit"] in page
    assert "0xffffeeee" in page or re.search("ffffeeee0000[0-9a-f]{4}", page)


def test_with_its_map_a_second_report_keeps_pages_and_without_it_none(archive: Path, tmp_path: Path) -> None:
    outputs(tmp_path, archive, "--redact-map", tmp_path / "map.json")
    page = next((tmp_path / "h" / "c").iterdir())
    before = page.stat().st_mtime_ns
    outputs(tmp_path, "--redact-map", tmp_path / "map.json")
    assert page.stat().st_mtime_ns == before
    outputs(tmp_path)
    assert page.stat().st_mtime_ns != before and "db0" in page.read_text()
    outputs(tmp_path, "--redact")
    assert "db0" not in page.read_text()


def test_it_can_be_configured(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_REDACT", "1")
    outputs(tmp_path, archive)
    assert "db07" not in (tmp_path / "m.md").read_text() + (tmp_path / "h" / "index.html").read_text()


def test_only_names_that_stand_there_are_looked_for() -> None:
    redactor = FleetRedactor(Redactor())
    redactor.learn(host="web01.prod.example.com")
    for number in range(1000):
        redactor.learn(host=f"node{number:04d}")
    assert redactor.text("NODE0999: web01 sees web77.prod.example.com, not node09991") == (
        f"{redactor.tokens.text('host', 'node0999')}: host-1 sees "
        f"{redactor.tokens.text('host', 'web77.prod.example.com')}, not node09991"
    )
    assert len(redactor.tokens.values()) < 5


def test_a_spotter_finds_words_inside_others_and_none_in_nothing() -> None:
    assert Spotter(["web", "web01", "x"]).hits("web01") == {"web", "web01"}
    assert Spotter([]).hits("web01") == frozenset()
