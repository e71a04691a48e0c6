"""Which crash sites follow memory errors more often than chance would have it.

Raw records and raw crashes only: an uncorrected memory error exposes the rest of its boot, a reboot ends that. A
verdict of ours
would make it circular, and so would crashes that are hardware by definition: they end a boot's watch, but are no event.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from triage.fleet.statistics.exact import false_discovery, rate_ratio

if TYPE_CHECKING:
    from pandas import DataFrame, Series

DAY = 86400.0
COLUMNS = [
    "host",
    "boot",
    "duplicate_of",
    "started",
    "begin",
    "end",
    "error",
    "erred",
    "crash",
    "crashed",
    "title",
    "function",
    "hardware_crash",
]
SAME_START = timedelta(minutes=1)  # between what two logs say of when a boot began
EARLY = 300.0  # seconds of uptime at which a log must begin to show a whole boot
FEW = 3  # crashes after an error; fewer prove nothing
LEVEL = 0.05


def distinct(boots: DataFrame) -> DataFrame:
    """The boots without copies: no boot of a duplicate case, and of several logs of one boot (same host, start within a
    minute) those with a case, else the longest."""
    alive = boots[boots["duplicate_of"].isna()]
    known = alive[alive["host"].notna() & alive["started"].notna()].sort_values(["host", "started"], kind="stable")
    apart = (known["started"].diff() > SAME_START) | (known["host"] != known["host"].shift())
    known = known.assign(run=apart.cumsum(), bare=known["case"].isna())
    known = known.sort_values(["bare", "end"], ascending=[True, False], kind="stable", na_position="last")
    return alive.drop(index=known.index[known.duplicated("run") & known["bare"]])


def from_start(boots: DataFrame) -> Series[bool]:
    """Whether a boot's log begins with the boot, so that no error before its first line can be missing."""
    return boots["begin"].fillna(float("inf")) <= EARLY


def watched(boots: DataFrame) -> DataFrame:
    """The boots whose times are known, with their exposed and unexposed seconds; `after`: the crash came after an
    error.

    boots: as of `distinct`. Left out: boots without printk times, an error or a crash whose time is unknown, and logs
    that begin late: they may have lost an error.
    """
    known = from_start(boots) & boots["end"].notna()
    known &= boots["error"].notna() | ~boots["erred"].fillna(False)
    known &= boots["crash"].notna() | ~boots["crashed"].fillna(False)
    found = boots[known].copy()
    stop = found["crash"].where(found["crashed"].fillna(False), found["end"]).clip(lower=found["begin"])
    error = found["error"].clip(lower=found["begin"]).fillna(stop)
    found["exposed"] = (stop - error).clip(lower=0.0)
    found["unexposed"] = (stop - found["begin"]) - found["exposed"]
    found["after"] = found["error"].notna() & (found["error"] < stop)
    return found


def tally(boots: DataFrame, by: str) -> tuple[DataFrame, DataFrame]:
    """Per host: crashes after and before an error by site, and seconds exposed and unexposed. Tallies of parts add
    up."""
    seen = watched(boots)
    seen["host"] = seen["host"].fillna("")
    time = seen.groupby("host")[["exposed", "unexposed"]].sum()
    events = seen[seen["crashed"].fillna(False) & ~seen["hardware_crash"].fillna(False) & seen[by].notna()]
    counted = events.groupby(["host", by])["after"].agg(["sum", "size"]).reset_index()
    counted["before"] = counted["size"] - counted["sum"]
    return counted.rename(columns={"sum": "after", by: "site"})[["host", "site", "after", "before"]], time


def ratios(counted: DataFrame, time: DataFrame) -> DataFrame:
    """One row per site: rate after an error against rate without one, exact 95 % interval, q over all sites, and what
    that means."""
    import pandas as pd

    exposed, unexposed = float(time["exposed"].sum()), float(time["unexposed"].sum())
    sites = counted.assign(host_after=counted["after"] > 0).groupby("site")[["after", "before", "host_after"]].sum()
    rows: list[dict[str, Any]] = []
    for site, after, before, hosts in sites.itertuples():
        ratio, low, high, p = rate_ratio(int(after), exposed, int(before), unexposed)
        rows.append({
            "site": site, "after": int(after), "before": int(before), "hosts_after": int(hosts),
            "exposed_days": exposed / DAY, "unexposed_days": unexposed / DAY, "ratio": ratio, "low": low,
            "high": high, "p": p,
        })  # fmt: skip
    found = pd.DataFrame(
        rows,
        columns=[
            *["site", "after", "before", "hosts_after", "exposed_days", "unexposed_days", "ratio", "low", "high", "p"]
        ],
    )
    found["q"] = false_discovery(found["p"].tolist())
    found["meaning"] = [meaning(row) for row in rows_of(found)]
    return found.sort_values(["q", "after"], ascending=[True, False], ignore_index=True)


def meaning(row: dict[str, Any]) -> str:
    """What a row allows to say."""
    if row["ratio"] != row["ratio"]:
        return "not estimable"
    if row["after"] < FEW:
        return "too few"
    if row["q"] < LEVEL and row["low"] > 1:
        return "hardware-suspect" if row["hosts_after"] > 1 else "hardware-suspect on one host"
    return "rarer after errors" if row["q"] < LEVEL and row["high"] < 1 else "no more than chance"


def rows_of(frame: DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def sites(boots: DataFrame, by: str = "function") -> DataFrame:
    """The rate ratios of all crash sites (by `function`) or signatures (by `title`)."""
    return ratios(*tally(boots, by))
