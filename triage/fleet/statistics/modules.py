"""Memory modules and hosts ranked by what they did, the pattern of their corrected errors, and storms of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ERROR_COLUMNS = [
    "host", "boot", "case", "component", "severity", "time", "wall_time", "dimm", "device", "bank", "row",
    "column", "bit",
    "count", "previous_boot", "injected", "twin",
]  # fmt: skip
DAY = 86400.0
NEARLY_ALL = 0.9  # share of the errors that must agree on a coordinate
STORM = 100  # corrected errors
STORM_SECONDS = 60.0


def memory_errors(errors: DataFrame, boots: DataFrame) -> DataFrame:
    """Errors of memory, each once, none injected, with `when`: Unix seconds, by the boot's clock where the record has
    none."""
    import pandas as pd

    found = errors[
        (errors["component"] == "memory") & ~errors["twin"].fillna(False) & ~errors["injected"].fillna(False)
    ].copy()
    clock = boots.set_index("boot")[["end", "wall_time"]].copy()
    found = found[found["boot"].isin(clock.index)]
    clock["wall_time"] = unix(clock["wall_time"])
    last, ends = (pd.to_numeric(found["boot"].map(clock[name].to_dict())) for name in ("end", "wall_time"))
    found["when"] = unix(found["wall_time"]).fillna(ends - (last - found["time"]).clip(lower=0.0).fillna(0.0))
    found["count"] = found["count"].fillna(1).astype("int64")
    found["uncorrected"] = found["severity"] != "corrected"
    return found


def unix(times: Series[Any]) -> Series[float]:
    """Times as Unix seconds, NaN where unknown."""
    import pandas as pd

    known = times.notna()
    return pd.Series(times.where(known, pd.Timestamp(0, tz="UTC")).astype("int64") / 1e6, index=times.index).where(
        known
    )


def ranked(errors: DataFrame, cases: DataFrame) -> DataFrame:
    """Modules, repeat offenders first: boots with an uncorrected error, crashes of those boots by memory, uncorrected
    records, corrected errors, and their pattern."""
    import pandas as pd

    killed = set(cases.loc[(cases["cause"] == "memory-error") & cases["crashed"].fillna(False), "boot"])
    rows = []
    for (host, dimm), group in errors[errors["dimm"].notna()].groupby(["host", "dimm"], dropna=False):
        bad = group[group["uncorrected"]]
        rows.append({
            "host": host, "dimm": dimm, "uncorrected": len(bad), "boots": bad["boot"].nunique(),
            "crashes": len(set(bad["boot"]) & killed),
            "corrected": int(group.loc[~group["uncorrected"], "count"].sum()),
            **pattern(before_first(group)), "first": group["when"].min(), "last": group["when"].max(),
        })  # fmt: skip
    columns = [
        "host",
        "dimm",
        "uncorrected",
        "boots",
        "crashes",
        "corrected",
        "pattern",
        "records",
        "cells",
        "bits",
        "first",
        "last",
    ]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["boots", "crashes", "uncorrected", "corrected"], ascending=False, ignore_index=True)


def before_first(errors: DataFrame) -> DataFrame:
    """The corrected errors of a module up to its first uncorrected one; all if it had none."""
    first = errors.loc[errors["uncorrected"], "when"].min()
    mild = errors[~errors["uncorrected"]]
    return mild if first != first else mild[mild["when"] <= first]


def pattern(errors: DataFrame) -> dict[str, Any]:
    """What corrected errors have in common: one cell, one row, column or bank, or a whole device.

    Nine in ten must agree on a coordinate; fewer than two errors with coordinates show no pattern.
    """
    placed = errors.dropna(subset=["bank", "row", "column"])
    cells = len(placed[["device", "bank", "row", "column"]].drop_duplicates())
    told = {"records": len(errors), "cells": cells, "bits": errors["bit"].nunique()}
    placed = placed.drop_duplicates(["boot", "device", "bank", "row", "column"])  # a storm on one cell is one witness
    if told["records"] < 2 or not cells:
        return {"pattern": "too few", **told}
    if not agree(placed["device"].dropna()):
        return {"pattern": "several devices", **told}
    if not agree(placed["bank"]):
        return {"pattern": "device", **told}
    row, column = agree(placed["row"]), agree(placed["column"])
    name = {(True, True): "cell", (True, False): "row", (False, True): "column", (False, False): "bank"}[row, column]
    return {"pattern": name, **told}


def agree(values: Series[str]) -> bool:
    """Whether nearly all values are the same; true of none at all."""
    return values.empty or int(values.value_counts().iloc[0]) >= NEARLY_ALL * len(values)


def storms(errors: DataFrame) -> DataFrame:
    """Minutes in which a module (or a host that names none) had a storm of corrected errors, joined where they follow
    each other."""
    mild = errors[~errors["uncorrected"] & errors["time"].notna()].copy()
    mild["dimm"] = mild["dimm"].fillna("")
    mild["minute"] = (mild["time"] // STORM_SECONDS).astype("int64")
    keys = ["host", "boot", "dimm"]
    minutes = (
        mild.groupby([*keys, "minute"], dropna=False).agg(errors=("count", "sum"), when=("when", "min")).reset_index()
    )
    minutes = minutes[minutes["errors"] >= STORM].sort_values([*keys, "minute"])
    new = (minutes[keys] != minutes[keys].shift()).any(axis=1) | (minutes["minute"] != minutes["minute"].shift() + 1)
    minutes["storm"] = new.cumsum()
    grouped = minutes.groupby("storm").agg(
        host=("host", "first"),
        boot=("boot", "first"),
        dimm=("dimm", "first"),
        when=("when", "min"),
        minutes=("minute", "size"),
        errors=("errors", "sum"),
    )
    return grouped.sort_values("errors", ascending=False, ignore_index=True)


def hosts(boots: DataFrame, errors: DataFrame, cases: DataFrame) -> DataFrame:
    """Hosts, the worst first: crashes by memory errors, uncorrected records, crashes at all; repeat offenders stand on
    top."""
    seen = boots.assign(days=(boots["end"] - boots["begin"]).clip(lower=0.0) / DAY)
    crashed = cases[cases["crashed"].fillna(False)]
    mild = errors[~errors["uncorrected"]]
    found = seen.groupby("host", dropna=False).agg(
        hardware=("hardware", "first"), boots=("boot", "size"), days=("days", "sum"), last=("wall_time", "max")
    )
    counts = {
        "corrected": mild.groupby("host", dropna=False)["count"].sum(),
        "uncorrected": errors[errors["uncorrected"]].groupby("host", dropna=False).size(),
        "crashes": crashed.groupby("host", dropna=False).size(),
        "memory_crashes": crashed[crashed["cause"] == "memory-error"].groupby("host", dropna=False).size(),
        "cases": cases.groupby("host", dropna=False).size(),
        "open_pages": cases.groupby("host", dropna=False)["open_pages"].sum(),
    }
    found = found.assign(**counts)
    found[list(counts)] = found[list(counts)].fillna(0).astype("int64")
    order = ["memory_crashes", "uncorrected", "crashes", "corrected"]
    return found.reset_index().sort_values(order, ascending=False, ignore_index=True)
