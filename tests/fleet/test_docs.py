"""The manual lists every column of the store as the code has it; `pytest --update` writes the list anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fleet.conftest import Fleet
from triage.fleet import schema

MANUAL = Path(__file__).parents[2] / "docs" / "fleet.md"
HEADING = "## Columns\n"


def listed() -> str:
    parts = [HEADING]
    for table in schema.TABLES:
        rows = [f"| {field.name} | {kind(field)} | {meaning(field)} |" for field in schema.schema(table)]
        parts.append("\n".join([f"### {table}", "| column | type | meaning |", "|---|---|---|", *rows, ""]))
    return "\n".join(parts)


def kind(field: object) -> str:
    names = {str(made): name for name, made in schema.TYPES.items()}
    return names[str(field.type)]  # type: ignore[attr-defined]


def meaning(field: object) -> str:
    told = (field.metadata or {}).get(b"meaning", b"").decode()  # type: ignore[attr-defined]
    return told.replace("|", "\\|")


def test_the_manual_lists_the_columns(update: bool) -> None:
    text = MANUAL.read_text(encoding="utf-8")
    before, _, _ = text.partition(HEADING)
    if update:
        MANUAL.write_text(before + listed(), encoding="utf-8")
    assert MANUAL.read_text(encoding="utf-8") == before + listed()


def snippet(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", MANUAL.read_text(encoding="utf-8"), re.S)
    assert found
    return found[1]


@pytest.fixture
def beside(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory in which `fleet` is a store, as the manual takes it for granted."""
    (tmp_path / "fleet").symlink_to(fleet.store.folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("beside")
def test_what_the_manual_does_with_pandas_works(fleet: Fleet) -> None:
    names: dict[str, object] = {}
    exec(snippet("python"), names)
    cases = names["cases"]
    assert len(cases) == fleet.statistics.totals["cases"]  # type: ignore[arg-type]
    assert str(cases["pfn"].dtype) == "UInt64"  # type: ignore[index]


@pytest.mark.usefixtures("beside")
def test_what_the_manual_asks_duckdb_works(fleet: Fleet) -> None:
    duckdb = pytest.importorskip("duckdb")
    case = fleet.store.read("cases", ["case"])["case"].iloc[0]
    queries = snippet("sql").replace("3f2a91c07d5e8b14-0", case).replace("'2026-10'", "'2000-01'").split(";")
    by_title, by_module, told = (duckdb.sql(query).fetchall() for query in queries if query.strip())
    counted = fleet.store.read("cases", ["title", "duplicate_of"])
    counted = counted[counted["duplicate_of"].isna()]
    assert sum(row[1] for row in by_title) == len(counted)
    worst = fleet.store.read("errors", ["host", "dimm", "severity", "count", "twin"])
    worst = worst[(worst["severity"] == "corrected") & ~worst["twin"]].groupby(["host", "dimm"])["count"].sum()
    assert by_module[0][2] == worst.max()
    assert len(told) == 1 and told[0][0]
