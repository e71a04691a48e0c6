"""Every table as CSV: the store's and the statistics'. Addresses are hexadecimal, times ISO 8601, texts safe for
spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage.fleet import schema
from triage.fleet.report.files import drafted
from triage.fleet.report.listing import missing
from triage.fleet.statistics.gather import Statistics
from triage.report.escape import cell

if TYPE_CHECKING:
    from triage.fleet.store import Store

LEFT_OUT = ("documents",)  # whole cases as JSON


def write(folder: Path, store: Store, statistics: Statistics) -> None:
    """Write `cases.csv` and the like, and `statistics-hosts.csv` and the like; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in (name for name in schema.TABLES if name not in LEFT_OUT):
        save(folder / f"{table}.csv", schema.columns(table), stored(store, table))
    for name, frame in statistics.tables.items():
        save(folder / f"statistics-{name}.csv", list(frame.columns), frame.itertuples(index=False))


def stored(store: Store, table: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a table, file by file."""
    wide = [str(field.type) == "uint64" for field in schema.schema(table)]
    for batch in store.batches(table):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield tuple(hex(v) if is_wide and v is not None else v for v, is_wide in zip(row, wide, strict=True))


def save(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """One file, whole or not at all."""
    with drafted(path, newline="") as out:
        writer = csv.writer(out)
        writer.writerow(heads)
        writer.writerows([plain(value) for value in row] for row in rows)


def plain(value: Any) -> Any:
    """A value as CSV holds it: numbers as they are, everything else as text that no spreadsheet takes for a formula."""
    if missing(value):
        return ""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return cell(" ".join(map(str, value)))
    return value if hasattr(value, "dtype") else cell(value)
