"""What a reader wants to know first: what is new, which modules to replace, which hosts run with corrupt memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Series, Timestamp

OLDEST = "2000-01-01"  # what a clock says that was never set lies before
DAYS = 7
WATCH = 2  # corrected errors that show one pattern, from which a module is watched


@dataclass(frozen=True, slots=True)
class Week:
    """The crashes of the newest seven days and of the seven before; None where nothing has a credible date."""

    since: Timestamp
    until: Timestamp
    crashes: int
    before: int
    memory: int
    memory_before: int
    hosts: int


def credible(times: Series[Any], now: float) -> Series[bool]:
    """Whether times can be true: a clock that was never set says 1970, a broken one 2106."""
    import pandas as pd

    latest = pd.Timestamp(now, unit="s", tz="UTC") + pd.Timedelta(days=1)
    return times.notna() & (times >= pd.Timestamp(OLDEST, tz="UTC")) & (times <= latest)


def week(cases: DataFrame) -> Week | None:
    """The newest week, counted back from the newest crash. cases: with credible times only."""
    import pandas as pd

    crashes = cases[cases["crashed"].fillna(False)]
    if crashes.empty:
        return None
    until = crashes["wall_time"].max()
    since = until - pd.Timedelta(days=DAYS)
    now = crashes[crashes["wall_time"] > since]
    old = crashes[(crashes["wall_time"] <= since) & (crashes["wall_time"] > since - pd.Timedelta(days=DAYS))]
    bad, bad_before = (int((part["cause"] == "memory-error").sum()) for part in (now, old))
    return Week(since, until, len(now), len(old), bad, bad_before, now["host"].nunique())


def fresh(cases: DataFrame, found: Week | None) -> DataFrame:
    """Signatures that nobody had seen before the newest week: title, crashes, hosts, memory, first. Empty if all is
    new."""
    crashes = cases[cases["crashed"].fillna(False) & cases["title"].notna()]
    grouped = (
        crashes.assign(bad=crashes["cause"] == "memory-error")
        .groupby("title")
        .agg(crashes=("case", "size"), hosts=("host", "nunique"), memory=("bad", "sum"), first=("wall_time", "min"))
        .reset_index()
    )
    started = found is not None and bool((crashes["wall_time"] <= found.since).any())
    grouped = grouped[grouped["first"] > found.since] if found and started else grouped.head(0)
    return grouped.sort_values(["memory", "crashes"], ascending=False, ignore_index=True)


def replace(modules: DataFrame) -> DataFrame:
    """Modules to replace, the worst first, then those to watch; `do` and `why` say it in words."""
    worst = modules["uncorrected"] > 0
    watched = ~worst & (modules["corrected"] >= WATCH) & ~modules["pattern"].isin(["too few", "several devices"])
    found = modules[worst | watched].copy()
    found["do"] = worst[found.index].map({True: "replace", False: "watch"})
    found["why"] = [why(row) for row in found.to_dict("records")]
    return found.sort_values("do", kind="stable", ignore_index=True)


def why(row: dict[Any, Any]) -> str:
    """`3 uncorrected errors in 2 boots, 1 crash; 40 corrected before, all in one row`."""
    parts = []
    if row["uncorrected"]:
        parts.append(f"{some(row['uncorrected'], 'uncorrected error')} in {some(row['boots'], 'boot')}")
    if row["crashes"]:
        parts.append(some(row["crashes"], "crash", "crashes"))
    if row["corrected"]:
        where = {"too few": "", "several devices": " on several devices", "device": " all over one device"}
        told = where.get(row["pattern"], f" in one {row['pattern']}")
        parts.append(f"{some(row['corrected'], 'corrected error')}{told}")
    return ", ".join(parts)


def some(count: Any, one: str, many: str | None = None) -> str:
    """1 error, 2 errors."""
    return f"{int(count):,} {one if count == 1 else many or one + 's'}"


def running(boots: DataFrame, cases: DataFrame) -> DataFrame:
    """Hosts whose newest boot left corrupt memory in use and had not ended when its log did."""
    named = boots[boots["host"].notna()].sort_values("wall_time", na_position="first", kind="stable")
    newest = named.drop_duplicates("host", keep="last")
    open_cases = cases[~cases["crashed"].fillna(False) & (cases["open_pages"] > 0)]
    found = open_cases[open_cases["boot"].isin(set(newest["boot"]))]
    found = found[["host", "case", "open_pages", "wall_time"]]
    return found.sort_values("open_pages", ascending=False, ignore_index=True)
