"""How long corrupt memory stayed in use: from its first record to the crash, with hosts that have not crashed counted
as still waiting.

Kaplan and Meier's estimate; intervals by Greenwood's variance on the log(-log) scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame, Series

Z = 1.959964  # of a two-sided 95 % interval
QUANTILES = (0.25, 0.5, 0.75)
PAGE_COLUMNS = ["host", "boot", "type", "open", "injected", "blamed", "first_seen", "last_seen", "crashed"]


@dataclass(frozen=True, slots=True)
class Survival:
    """An estimate: the curve (time, share still in use, low, high, at_risk, events) and the quantiles with their
    intervals."""

    pages: int
    crashes: int
    unknown: int  # open pages without times, left out
    curve: DataFrame
    quantiles: DataFrame


def waits(pages: DataFrame) -> tuple[DataFrame, int]:
    """Seconds and ending of each page left in use: `time`, `crash`, `blamed`, `type`; and how many had no times."""
    left = pages[pages["open"].fillna(False) & ~pages["injected"].fillna(False)]
    known = left[left["first_seen"].notna() & left["last_seen"].notna()]
    found = known[["host", "type", "blamed"]].assign(
        time=(known["last_seen"] - known["first_seen"]).clip(lower=0.0),
        crash=known["crashed"].fillna(False).astype(bool),
    )
    return found, len(left) - len(known)


def in_use(pages: DataFrame) -> Survival:
    """The estimate over all pages left in use; the crash that ends it may have had any cause."""
    found, unknown = waits(pages)
    made = curve(found["time"], found["crash"])
    return Survival(len(found), int(found["crash"].sum()), unknown, made, quantiles(made))


def by_type(pages: DataFrame) -> DataFrame:
    """Median time in use with its interval per page type; NaN where fewer than half have ended in a crash."""
    import pandas as pd

    found, _ = waits(pages)
    rows = []
    for kind, group in found.groupby("type"):
        half = quantiles(curve(group["time"], group["crash"])).set_index("share").loc[0.5]
        rows.append({"type": kind, "pages": len(group), "crashes": int(group["crash"].sum()), **half.to_dict()})
    return pd.DataFrame(rows, columns=["type", "pages", "crashes", "time", "low", "high"]).sort_values(
        "pages", ascending=False, ignore_index=True
    )


def curve(time: Series[float], crash: Series[bool]) -> DataFrame:
    """Kaplan and Meier's curve, one row per time at which something crashed."""
    import numpy as np
    import pandas as pd

    steps = (
        pd.DataFrame({"time": time.astype(float), "crash": crash.astype(int)})
        .groupby("time")["crash"]
        .agg(["sum", "size"])
    )
    steps["at_risk"] = len(time) - steps["size"].cumsum() + steps["size"]
    steps = steps[steps["sum"] > 0]
    share = (1 - steps["sum"] / steps["at_risk"]).cumprod()
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (steps["sum"] / (steps["at_risk"] * (steps["at_risk"] - steps["sum"]))).cumsum()
        spread = Z * np.sqrt(variance) / np.log(share).abs()
        low, high = share ** np.exp(spread), share ** np.exp(-spread)
    return pd.DataFrame({
        "time": steps.index.to_numpy(dtype=float), "share": share.to_numpy(), "low": low.fillna(0.0).to_numpy(),
        "high": high.ffill().fillna(1.0).to_numpy(),  # at the last of all there is none of its own
        "at_risk": steps["at_risk"].to_numpy(),
        "events": steps["sum"].to_numpy(),
    })  # fmt: skip


def quantiles(steps: DataFrame) -> DataFrame:
    """When a quarter, half, three quarters had crashed, each with its interval; NaN: not reached."""
    import pandas as pd

    rows = []
    for ended in QUANTILES:
        rest = 1 - ended
        rows.append(
            {"share": ended}
            | {
                name: reached(steps, column, rest)
                for name, column in (("time", "share"), ("low", "low"), ("high", "high"))
            }
        )
    return pd.DataFrame(rows)


def reached(steps: DataFrame, column: str, rest: float) -> float:
    """The first time at which a curve is down to `rest`."""
    hit = steps.loc[steps[column] <= rest, "time"]
    return float(hit.iloc[0]) if len(hit) else float("nan")
