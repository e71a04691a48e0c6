"""What got worse: signatures by kernel release, and by week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from triage.fleet.statistics.association import DAY, LEVEL, watched
from triage.fleet.statistics.exact import false_discovery, rate_ratio

if TYPE_CHECKING:
    from pandas import DataFrame

FEW = 3  # crashes of a release, or in a week
BEFORE = 4  # weeks that a week is compared with


def releases(boots: DataFrame) -> DataFrame:
    """Signatures that crash more often per day on one kernel release than on all others, by the boot time seen of each.

    Only time and crashes before any memory error of the boot: bad modules cluster on hosts, and hosts on releases.
    Columns: title, kernel, crashes, days, others, other_days, ratio, low, high, p, q, meaning.
    """
    import pandas as pd

    seen = watched(boots).dropna(subset=["kernel"])
    seen["days"] = seen["unexposed"] / DAY
    days = seen.groupby("kernel")["days"].sum()
    software = seen["crashed"].fillna(False) & ~seen["hardware_crash"].fillna(False) & ~seen["after"]
    crashes = seen[software & seen["title"].notna()].groupby(["title", "kernel"]).size().rename("crashes").reset_index()
    total = crashes.groupby("title")["crashes"].sum()
    rows: list[dict[str, Any]] = []
    for title, kernel, count in zip(crashes["title"], crashes["kernel"], crashes["crashes"], strict=True):
        if count < FEW or len(days) < 2:
            continue
        others, rest = int(total[title] - count), float(days.sum() - days[kernel])
        ratio, low, high, p = rate_ratio(int(count), float(days[kernel]), others, rest)
        rows.append({
            "title": title, "kernel": kernel, "crashes": int(count), "days": float(days[kernel]), "others": others,
            "other_days": rest, "ratio": ratio, "low": low, "high": high, "p": p,
        })  # fmt: skip
    columns = ["title", "kernel", "crashes", "days", "others", "other_days", "ratio", "low", "high", "p"]
    found = pd.DataFrame(rows, columns=columns)
    return judged(found, false_discovery(found["p"].tolist(), len(total) * len(days)))


def weeks(cases: DataFrame) -> DataFrame:
    """Signatures by week (its Monday), each compared with the mean of the four weeks before.

    The number of hosts is taken as constant over those five weeks; the week in which the archive begins is no whole
    one and none to compare with. q is over the signatures known in that week. Columns: title, week,
    crashes, before, ratio, low, high, p, q, meaning.
    """
    import pandas as pd

    told = cases[cases["crashed"].fillna(False) & cases["title"].notna() & cases["wall_time"].notna()]
    day = told["wall_time"].dt.tz_localize(None).dt.normalize()
    week = day - pd.to_timedelta(day.dt.day_of_week, unit="D")
    counts = told.assign(week=week).groupby(["title", "week"]).size().rename("crashes").reset_index()
    first = day.min() + pd.to_timedelta((7 - day.min().day_of_week) % 7, unit="D") if len(day) else None
    table: dict[Any, int] = dict(zip(zip(counts["title"], counts["week"], strict=True), counts["crashes"], strict=True))
    rows: list[dict[str, Any]] = []
    for (title, monday), count in table.items():
        span = max(0, min(BEFORE, (monday - first).days // 7))
        before = sum(table.get((title, monday - pd.Timedelta(weeks=n)), 0) for n in range(1, span + 1))
        ratio, low, high, p = (
            rate_ratio(int(count), 1.0, before, float(span)) if span and count >= FEW else (float("nan"),) * 4
        )
        rows.append(
            {
                "title": title,
                "week": monday,
                "crashes": int(count),
                "before": before,
                "ratio": ratio,
                "low": low,
                "high": high,
                "p": p,
            }
        )
    found = pd.DataFrame(rows, columns=["title", "week", "crashes", "before", "ratio", "low", "high", "p"])
    known = counts.groupby("title")["week"].min()
    q: dict[Any, float] = {}
    for monday, mine in found.groupby("week")["p"]:
        q |= zip(mine.index, false_discovery(mine.tolist(), int((known <= monday).sum())), strict=True)
    return judged(found, [q[place] for place in found.index])


def judged(found: DataFrame, q: list[float]) -> DataFrame:
    """Add q and what it means; the surest first."""
    found["q"] = q
    worse = (found["q"] < LEVEL) & (found["low"] > 1)
    found["meaning"] = worse.map({True: "more often", False: ""}) if len(found) else []
    return found.sort_values(["q", "crashes"], ascending=[True, False], ignore_index=True)
