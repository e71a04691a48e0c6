"""The tables in docs/inputs.md are those of the code."""

from __future__ import annotations

from pathlib import Path

from tests.logs.prefix_forms import FORMS
from triage import registry
from triage.inputs import layouts, magic

PAGE = Path(__file__).parents[2] / "docs" / "inputs.md"
READ = ("gzip", "xz", "bzip2", "zstd", "zip", "tar", "sqlite")
MARK = "<!-- generated -->\n"


def table(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([f"\n### {title}", "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads), *lines, ""])


def first_sentence(text: str | None) -> str:
    """The first line of a docstring without what follows a colon."""
    return (text or "").strip().split("\n")[0].rstrip(".:")


def tables() -> str:
    """All of them."""
    kinds = [(m.__name__.rpartition(".")[2], first_sentence(m.__doc__)) for m in registry.modules("triage.logs.kinds")]
    formats = [(m.NAME, first_sentence(m.__doc__)) for m in registry.modules("triage.inputs.formats")]
    places = [(entry.name, entry.where) for entry in layouts.LAYOUTS]
    containers = [(name,) for name in dict.fromkeys(name for _, _, name in magic.MAGIC if name in READ)]
    forms = [
        (form.writer, f"`{form.text.encode('unicode_escape').decode('ascii')}`" if form.text else "") for form in FORMS
    ]
    return (
        table("Containers", ("container",), [*containers, ("directory",), ("pipe",)])
        + table("Layouts", ("layout", "where it is met"), places)
        + table("Formats", ("format", "what writes it"), [*formats, ("rasdaemon", "ras-mc_event.db")])
        + table("Prefixes", ("writer", "what stands before the message"), forms)
        + table("Kinds of record", ("kind", "what it is"), kinds)
    )


def names(text: str) -> list[str]:
    """The first cells of all rows."""
    return [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| ")]


def test_the_tables_are_those_of_the_code(update: bool) -> None:
    written, _, rows = PAGE.read_text().partition(MARK)
    if update:
        PAGE.write_text(written + MARK + tables())
        return
    assert names(rows) == names(tables())
