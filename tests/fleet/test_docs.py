"""The manual lists every column of the store as the code has it; `pytest --update` writes the list anew."""

from __future__ import annotations

from pathlib import Path

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
