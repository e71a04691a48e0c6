"""What the store has already taken: by name, size and date (no file is opened for that), and by content."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from triage.fleet.discover import opened
from triage.fleet.identity import digest
from triage.fleet.store import Store
from triage.fleet.units import Unit


@dataclass(slots=True)
class Known:
    """One unit as it was taken. `rows` is the `input` under which its rows stand."""

    paths: tuple[str, ...]  # empty: its name alone, which saves memory where there are millions
    size: int
    modified: int
    content: str
    rows: str
    status: str

    def unit(self, name: str) -> Unit:
        """The unit again."""
        return Unit(name, self.paths or (name,), self.size, self.modified)


def entry(unit: str) -> str:
    """The identity of a unit's name."""
    return digest("unit", unit)


class Ledger:
    """The units of a store; kept in memory during a run, some 600 bytes each."""

    def __init__(self) -> None:
        self.units: dict[str, Known] = {}
        self.failures: set[str] = set()  # entries with a row in the table of failures
        self.sizes: dict[int, set[str]] = defaultdict(set)
        self.holding: dict[str, tuple[str, ...]] = {}  # content, or `rows` -> names of units

    @classmethod
    def of(cls, store: Store) -> Ledger:
        """The ledger of a store."""
        ledger = cls()
        for table in store.batches("failures", ["input"]):
            ledger.failures.update(table["input"].to_pylist())
        for table in store.batches("inputs", ["unit", "paths", "size", "modified", "content", "rows", "status"]):
            for name, paths, *rest in zip(*(column.to_pylist() for column in table.columns), strict=True):
                ledger.put(name, Known(tuple(map(opened, paths)), *rest))
        return ledger

    def put(self, name: str, known: Known) -> None:
        """Take note of a unit."""
        if known.paths == (name,):
            known.paths = ()
        if known.rows == known.content:
            known.rows = known.content  # one string, not two
        self.units[name] = known
        if known.content:
            self.sizes[known.size].add(known.content)
            for key in {known.content, known.rows}:
                self.holding[key] = tuple(sorted({*self.holding.get(key, ()), name}))

    def strike(self, name: str) -> Known | None:
        """Forget that a unit was taken."""
        known = self.units.pop(name, None)
        if known is not None and known.content:
            for key in {known.content, known.rows}:
                self.holding[key] = tuple(other for other in self.holding[key] if other != name)
            if not self.holding[known.content]:
                self.sizes[known.size].discard(known.content)
        return known

    def add(self, unit: Unit, content: str, rows: str, status: str) -> None:
        """Take note of a unit that was examined."""
        self.put(unit.name, Known(unit.paths, unit.size, unit.modified, content, rows, status))

    def failed(self, unit: Unit) -> bool:
        """Whether nothing came of a unit for a reason that may have passed."""
        return self.units[unit.name].status == "failed"

    def unchanged(self, unit: Unit) -> bool:
        """Whether a unit has the size and date with which it was taken."""
        known = self.units.get(unit.name)
        return known is not None and known.unit(unit.name) == unit

    def has(self, content: str) -> bool:
        """Whether some unit with this content was taken."""
        return bool(content) and bool(self.holding.get(content))

    def content(self, unit: Unit) -> str:
        """The content with which a unit was taken."""
        return self.units[unit.name].content

    def same_size(self, size: int) -> frozenset[str]:
        """The contents of this many bytes: only those can be the same."""
        return frozenset(self.sizes.get(size, ()))

    def forget(self, unit: Unit) -> tuple[set[str], list[Unit]]:
        """Strike out a unit that has changed: what rows to drop, and the other units that must be examined again for
        it.

        Rows that another unit with the very same content still stands for are kept.
        """
        known = self.strike(unit.name)
        if known is None:
            return set(), []
        gone = {entry(unit.name)}
        if not known.content or any(self.units[n].content == known.content for n in self.holding[known.content]):
            return gone, []
        again = [self.units[name].unit(name) for name in self.holding[known.rows]]
        for other in again:
            self.strike(other.name)
            gone.add(entry(other.name))
        return gone | {known.rows}, again

    def holders(self, rows: Iterable[str]) -> list[Unit]:
        """The units for which the rows of these inputs stand, one for each content, largest first."""
        found: dict[str, str] = {}  # content -> name
        for identity in rows:
            for name in self.holding.get(identity, ()):
                found.setdefault(self.units[name].content, name)
        return sorted(
            (self.units[name].unit(name) for name in found.values()), key=lambda unit: (-unit.size, unit.name)
        )
