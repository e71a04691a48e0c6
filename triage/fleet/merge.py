"""One crash that arrived several times: which inputs to examine together, and which cases are mere copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from triage.fleet import identity
from triage.fleet.store import Store
from triage.fleet.units import Unit

if TYPE_CHECKING:
    from pandas import DataFrame

BYTES = 4 << 30  # more is not read a second time
PATHS = 256


def shared(cases: DataFrame) -> DataFrame:
    """One row per case and key, of the keys that more than one case has."""
    exploded = cases.explode("keys").dropna(subset=["keys"])
    clock = exploded["keys"].str.startswith(identity.CLOCK)
    timeless = set(exploded.loc[clock & exploded["time"].isna(), "keys"])
    exploded = exploded[~clock | exploded["keys"].isin(timeless)]
    return exploded[exploded.duplicated("keys", keep=False)]


def same_crash(store: Store) -> list[list[str]]:
    """Groups of inputs that hold tellings of one crash, of which more than one still counts."""
    cases = store.read("cases", ["case", "input", "keys", "duplicate_of", "time"])
    rows = shared(cases[cases["duplicate_of"].isna()])
    keyed = {str(name): list(group) for name, group in rows.groupby("input")["keys"]}
    return identity.joined(keyed)


def worth(units: Sequence[Unit]) -> bool:
    """Whether units can be examined together."""
    return len(units) > 1 and sum(u.size for u in units) <= BYTES and sum(len(u.paths) for u in units) <= PATHS


def together(units: Sequence[Unit]) -> Unit:
    """Several units as one, under the name of the first."""
    paths = tuple(sorted({path for unit in units for path in unit.paths}))
    return Unit(units[0].name, paths, sum(u.size for u in units), max(u.modified for u in units))


def copies(store: Store) -> dict[str, str | None]:
    """For every case that shares a key with another: the one of them that tells most, None for that one itself."""
    cases = store.read("cases", ["case", "keys", "core", "errors", "pages", "crashed", "lag", "time"])
    groups = identity.joined({str(name): list(group) for name, group in shared(cases).groupby("case")["keys"]})
    if not groups:
        return {}
    cases["rank"] = cases["core"] * 1000 + cases["crashed"] * 500 + cases["errors"] + 10 * cases["pages"]
    rank = dict(zip(cases["case"], cases["rank"], strict=True))
    best = {name: max(group, key=lambda one: (rank[one], one)) for group in groups for name in group}
    return {name: None if name == first else first for name, first in best.items()}
