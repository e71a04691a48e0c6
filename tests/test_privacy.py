"""What TRIAGE_REDACT and the flags redact: everything, nothing, or what leaves the house."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.fleet.samples import console, put
from triage.cli import main

HOST = "db07.corp.example.com"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return put(tmp_path / "db07.log", console(HOST, 100.5, error=True))


def run(setting: str | None, *arguments: str | Path) -> Result:
    return CliRunner(env={"TRIAGE_REDACT": setting}).invoke(main, [str(argument) for argument in arguments])


def named(base: Path, setting: str | None, log: Path, *flags: str | Path) -> set[str]:
    """The outputs of `triage analyze` that name the host."""
    forms = [x for form in ("html", "markdown", "text", "json") for x in (f"--{form}", base / form)]
    result = run(setting, "analyze", log, *forms, *flags)
    assert result.exit_code == 0, result.output
    told = {form: (base / form).read_text() for form in ("html", "markdown", "text", "json")}
    return {form for form, text in (*told.items(), ("stdout", result.output)) if "db07" in text}


ALL = {"html", "markdown", "text", "json", "stdout"}


@pytest.mark.parametrize(
    ("setting", "flags", "who"),
    [
        (None, (), ALL),
        ("0", (), ALL),
        ("", (), ALL),
        ("1", (), set()),
        ("true", (), set()),
        ("markdown", (), ALL - {"markdown"}),
        ("site, Markdown", (), ALL - {"markdown"}),
        ("site", (), ALL),
        ("markdown", ("--no-redact",), ALL),
        ("1", ("--no-redact",), ALL),
        ("markdown", ("--redact",), set()),
        ("0", ("--redact",), set()),
    ],
)
def test_what_is_configured_and_a_flag_overrides(
    tmp_path: Path, log: Path, setting: str | None, flags: tuple[str, ...], who: set[str]
) -> None:
    assert named(tmp_path, setting, log, *flags) == who


def test_a_map_alone_redacts_all_and_serves_what_is_configured(
    tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "map.json"
    assert named(tmp_path, None, log, "--redact-map", private) == set()
    monkeypatch.setenv("TRIAGE_REDACT_MAP", str(private))
    assert named(tmp_path, None, log) == set()
    private.unlink()
    assert named(tmp_path, "site", log) == ALL and not private.exists()
    assert named(tmp_path, "markdown", log) == ALL - {"markdown"}
    assert json.loads(private.read_text())["host"][HOST] == "host-1"
    assert named(tmp_path, "markdown", log, "--redact-map", private) == set()
    assert named(tmp_path, None, log, "--no-redact") == ALL


def test_the_redacted_output_says_so_and_the_others_do_not(tmp_path: Path, log: Path) -> None:
    named(tmp_path, "markdown", log)
    assert "redacted:" in (tmp_path / "markdown").read_text()
    assert "redacted:" not in (tmp_path / "html").read_text()


def test_a_word_that_is_not_known_redacts_nothing_in_silence(log: Path) -> None:
    result = run("markdwon", "analyze", log)
    assert (result.exit_code, "TRIAGE_REDACT='markdwon'" in result.output) == (2, True)


@pytest.mark.parametrize(("setting", "who"), [("site", {"md", "csv"}), ("markdown", {"html", "csv"}), ("1", set())])
def test_a_fleet_redacts_what_is_configured(tmp_path: Path, log: Path, setting: str, who: set[str]) -> None:
    places = ("--html", tmp_path / "html", "--markdown", tmp_path / "f.md", "--csv", tmp_path / "csv")
    result = run(setting, "fleet", log, "--store", tmp_path / "store", "--jobs", "1", *places)
    assert result.exit_code == 0, result.output
    told = {"md": (tmp_path / "f.md").read_text()}
    for form in ("html", "csv"):
        told[form] = "".join(path.read_text() for path in (tmp_path / form).rglob("*") if path.is_file())
    assert {form for form, text in told.items() if "db07" in text} == who
