"""Tables of the site: what columns they have, how a value reads and sorts, where it leads.

A listing is written twice into its page: its first rows as HTML, for readers without script, and all of them as JSON,
for search and sort.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from triage.fleet.statistics.association import rows_of
from triage.report.escape import visible

if TYPE_CHECKING:
    from pandas import DataFrame

SHOWN = 200  # rows written as HTML
WIDE = 160  # characters of one cell
UNITS = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))

Row = dict[str, Any]
Link = Callable[[Row], str | None]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the field it shows, its heading, how it is formatted, and what page a cell leads to."""

    field: str
    heading: str
    form: str = "text"  # text | count | number | share | seconds | time | ratio
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A table ready for its template: headings with their alignment, and rows of (text, sort value, address)."""

    name: str
    headings: list[tuple[str, bool]]
    rows: list[list[tuple[str, Any, str | None]]]

    @property
    def shown(self) -> list[list[tuple[str, Any, str | None]]]:
        """The rows that are there without script."""
        return self.rows[:SHOWN]

    @property
    def data(self) -> str:
        """All rows as JSON that can stand inside a script element."""
        rows = [
            [[text, value, href] if href else [text, value] if value != text else [text] for text, value, href in row]
            for row in self.rows
        ]
        return json.dumps(rows, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")


def listing(name: str, table: DataFrame | list[Row], columns: Sequence[Column], root: str = "") -> Listing:
    """A listing of a table's rows; a column of words in which none stands is left out.

    root: leads from the page to the site's top, "" or "../".
    """
    records = table if isinstance(table, list) else rows_of(table)
    columns = [c for c in columns if c.form != "text" or any(not missing(r.get(c.field)) for r in records)]
    rows = [[cell(record, column, root) for column in columns] for record in records]
    return Listing(name, [(c.heading, c.form not in ("text", "short")) for c in columns], rows)


def cell(record: dict[str, Any], column: Column, root: str) -> tuple[str, Any, str | None]:
    """One cell: its text, what it sorts by, where it leads."""
    value = record.get(column.field)
    if missing(value):
        return "", None, None
    shown = FORMS[column.form](value)
    href = column.link(record) if column.link else None
    return shown, sorts_as(value, shown), f"{root}{href}" if href else None


def missing(value: Any) -> bool:
    """Whether a value is unknown: None, NaN, NaT, pandas' NA."""
    return value is None or (not isinstance(value, str | list | tuple) and (value != value) is not False)


def sorts_as(value: Any, shown: str) -> Any:
    """A number for everything that has an order of its own, else the text."""
    if isinstance(value, str | list | tuple):
        return shown
    if hasattr(value, "timestamp"):
        return value.timestamp()
    number = float(value)
    return number if math.isfinite(number) else math.copysign(1e308, number)


def text(value: Any) -> str:
    """Any text, made harmless and cut."""
    return visible(str(value), WIDE)


def short(value: Any) -> str:
    """The head of an identity."""
    return str(value)[:8]


def count(value: Any) -> str:
    """1,234."""
    return f"{int(value):,}"


def number(value: Any) -> str:
    """12.3; large ones without digits behind the point."""
    value = float(value)
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def ratio(value: Any) -> str:
    """A ratio of rates; what divides by zero has no upper end."""
    value = float(value)
    return "∞" if math.isinf(value) else f"{value:,.0f}" if value >= 100 else f"{value:.2g}"


def probability(value: Any) -> str:
    """A p or q: 0.03, 2e-14."""
    value = float(value)
    return "< 1e-99" if value < 1e-99 else f"{value:.1g}" if value < 0.001 else f"{value:.3f}"


def seconds(value: Any) -> str:
    """A span of time in its largest unit: 67.3 s, 2.5 d."""
    value = float(value)
    size, unit = next(((size, unit) for size, unit in UNITS if abs(value) >= size), UNITS[-1])
    return f"{value / size:.3g} {unit}"


def time(value: Any) -> str:
    """2026-11-23 02:11, UTC; Unix seconds or a time."""
    if not hasattr(value, "strftime"):
        value = datetime.fromtimestamp(float(value), UTC)
    return f"{value:%Y-%m-%d %H:%M}"


def day(value: Any) -> str:
    """2026-11-23."""
    return f"{value:%Y-%m-%d}"


FORMS: dict[str, Callable[[Any], str]] = {
    "text": text,
    "short": short, "count": count, "number": number, "ratio": ratio, "p": probability, "seconds": seconds,
    "time": time, "day": day,
}  # fmt: skip
