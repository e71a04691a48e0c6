"""A store as it may be shown: the same tables and cases with tokens in the place of names (docs/redaction.md).

Whatever is made of a store reads it through this: statistics, site, summary and CSV agree, and none can forget it. The
names of all hosts, inputs and boots are learnt before the first text is looked at.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa

from triage.fleet import held, schema
from triage.fleet.spot import FleetRedactor
from triage.fleet.store import Store
from triage.model import Case
from triage.redact import Redactor

REGISTER = 16  # hex digits of a register's value, in what is quoted from a crash
SORTS = {"host": "host", "unit": "input", "paths": "input", "sources": "input", "source": "input", "boot_id": "boot"}
QUOTED = frozenset(("title", "panic", "function"))
# Identities that hash the content, words of ours, coordinates of the hardware.
KEPT = frozenset(
    ("input", "boot", "case", "duplicate_of", "content", "rows", "status", "run", "time_source", "cause", "confidence",
     "kind", "component", "severity", "error", "arch", "type", "page_type", "type_source", "match", "translation",
     "policy", "would_panic", "taint", "node", "channel", "rank", "device", "bank", "row", "column", "bit")
)  # fmt: skip
ADDRESSES = frozenset(("fault_address", "address"))  # the other numbers are coordinates
UNSHOWN = ("json", "keys")  # no report shows them, and a digest of a name can be guessed


class Redacted(Store):
    """A store seen through a redactor; what it writes nowhere it cannot give away."""

    def __init__(self, store: Store, redactor: Redactor) -> None:
        super().__init__(store.folder)
        self.redactor = FleetRedactor(redactor)
        self.stamp = self.stamped()
        for table in schema.TABLES:
            wanted = [name for name in schema.columns(table) if name in SORTS]
            for batch in super().batches(table, wanted) if wanted else ():
                self.learn(batch)

    @property
    def note(self) -> str | None:
        """What was replaced so far, for the reader of a report."""
        return self.redactor.summary()

    def stamped(self) -> str:
        """What stands for what: with other tokens pages must be written anew."""
        return hashlib.sha256(json.dumps(self.redactor.tokens.names, sort_keys=True).encode()).hexdigest()

    def learn(self, batch: pa.Table) -> None:
        """Give every name of a batch its token."""
        for name in batch.column_names:
            for value in dict.fromkeys(words(batch[name].to_pylist())):
                self.redactor.learn(**{SORTS[name]: value})

    def batches(self, table: str, columns: Iterable[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a table file by file, redacted; of whole cases only what `case` gives back is."""
        for batch in super().batches(table, columns):
            yield pa.table([self.column(field, batch[field.name]) for field in batch.schema], schema=batch.schema)

    def case(self, data: bytes) -> Case:
        """A case out of the column `held` of the documents, redacted."""
        return held.unpacked(data, self.redactor.redact)

    def column(self, field: pa.Field, values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
        """One column, redacted by its name and its type."""
        change = self.change(field)
        if change is None:
            return values
        known: dict[Any, Any] = {None: None}
        made = []
        for value in values.to_pylist():
            if isinstance(value, list):
                made.append([part and change(part) for part in value])
                continue
            if value not in known:
                known[value] = change(value)
            made.append(known[value])
        return pa.array(made, field.type)

    def change(self, field: pa.Field) -> Callable[[Any], Any] | None:
        """What redacts a value of a column; None for a column that gives nothing away."""
        name, kind, redactor = field.name, field.type, self.redactor
        if name in KEPT or name == "held":
            return None
        if name in SORTS:
            return lambda value: redactor.tokens.text(SORTS[name], value)
        if name in UNSHOWN:
            return lambda _: None
        if name in ADDRESSES:
            return self.address
        if pa.types.is_string(kind) or pa.types.is_list(kind):
            return lambda value: redactor.text(value, REGISTER if name in QUOTED else 0)
        return None

    def address(self, value: int) -> int:
        """A kernel address; a physical one stays."""
        return self.redactor.tokens.number(value) if self.redactor.is_address(value) else value


def words(values: Iterable[Any]) -> Iterator[str]:
    """The texts of a column, those of lists one by one."""
    for value in values:
        yield from value if isinstance(value, list) else [value] if value else []
