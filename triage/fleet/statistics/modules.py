"""Memory modules and hosts ranked by what they did, the pattern of their corrected errors, and storms of those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame, Index, Series

ERROR_COLUMNS = [
    "host", "boot", "case", "component", "severity", "time", "wall_time", "dimm", "device", "bank", "row",
    "column", "bit",
    "count", "previous_boot", "injected", "twin", "physical_address",
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
    found = found[~told_again(found)]
    clock = boots.set_index("boot")[["end", "wall_time"]].copy()
    found = found[found["boot"].isin(clock.index)]
    clock["wall_time"] = unix(clock["wall_time"])
    last, ends = (pd.to_numeric(found["boot"].map(clock[name].to_dict())) for name in ("end", "wall_time"))
    found["when"] = unix(found["wall_time"]).fillna(ends - (last - found["time"]).clip(lower=0.0).fillna(0.0))
    found["count"] = found["count"].fillna(1).astype("int64")
    found["uncorrected"] = found["severity"] != "corrected"
    return found


def told_again(errors: DataFrame) -> Series[bool]:
    """Which records, read after a reboot, tell of an error that the boot before had already recorded itself."""
    page = errors["physical_address"] // 4096
    place = errors["host"].fillna(errors["boot"]) + " " + page.astype("string")
    later = errors["previous_boot"].fillna(False)
    return later & page.notna() & place.isin(set(place[~later].dropna()))


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
    named = coded(errors[errors["dimm"].notna()])
    killed = set(cases.loc[(cases["cause"] == "memory-error") & cases["crashed"].fillna(False), "boot"])
    bad, mild = named[named["uncorrected"]], named[~named["uncorrected"]]
    found = named.groupby("module").agg(
        host=("host", "first"), owner=("owner", "first"), dimm=("dimm", "first"), first=("when", "min"),
        last=("when", "max"),
    )  # fmt: skip
    counts = {
        "uncorrected": bad.groupby("module").size(),
        "boots": bad.groupby("module")["boot"].nunique(),
        "crashes": bad[bad["boot"].isin(killed)].groupby("module")["boot"].nunique(),
        "corrected": mild.groupby("module")["count"].sum(),
    }
    found = found.assign(**counts, **patterns(before_first(mild, bad), found.index))
    numbers = [*counts, "records", "cells", "bits"]
    found[numbers] = found[numbers].fillna(0).astype("int64")
    columns = ["host", "owner", "dimm", *counts, "pattern", "records", "cells", "bits", "first", "last"]
    order = ["boots", "crashes", "uncorrected", "corrected"]
    return found[columns].sort_values(order, ascending=False, ignore_index=True)


def coded(errors: DataFrame) -> DataFrame:
    """The errors with `module`, a number for each module of each host, and coordinates as numbers: a million words
    would take their time. -1 is unknown.

    `owner`: the host, else the boot: modules of machines without a name are not one because they sit in the same slot.
    """
    import pandas as pd

    codes = {name: pd.factorize(errors[name])[0] for name in ("device", "bank", "row", "column", "bit")}
    owned = errors.assign(**codes, owner=errors["host"].fillna(errors["boot"]))
    return owned.assign(module=owned.groupby(["owner", "dimm"]).ngroup())


def before_first(mild: DataFrame, bad: DataFrame) -> DataFrame:
    """The corrected errors of each module up to its first uncorrected one; all if it had none."""
    first = mild["module"].map(bad.groupby("module")["when"].min())
    return mild[first.isna() | (mild["when"] <= first)]


def patterns(mild: DataFrame, modules: Index[int]) -> dict[str, Series[Any]]:
    """What corrected errors have in common: one cell, one row, column or bank, or a whole device.

    Nine in ten must agree on a coordinate; fewer than two errors with coordinates show no pattern. A storm on one cell
    is one witness.
    """
    import numpy as np
    import pandas as pd

    placed = mild[(mild[["bank", "row", "column"]] >= 0).all(axis=1)]
    witnesses = placed.drop_duplicates(["module", "boot", "device", "bank", "row", "column"])
    cells = placed.drop_duplicates(["module", "device", "bank", "row", "column"]).groupby("module").size()
    told = {
        "records": mild.groupby("module").size(),
        "cells": cells,
        "bits": mild[mild["bit"] >= 0].groupby("module")["bit"].nunique(),
    }
    same = {
        name: agree(witnesses, name).reindex(modules, fill_value=True) for name in ("device", "bank", "row", "column")
    }
    few = (told["records"].reindex(modules, fill_value=0) < 2) | (cells.reindex(modules, fill_value=0) == 0)
    names = np.select(
        [few, ~same["device"], ~same["bank"], same["row"] & same["column"], same["row"], same["column"]],
        ["too few", "several devices", "device", "cell", "row", "column"],
        "bank",
    )
    return {"pattern": pd.Series(names, index=modules), **told}


def agree(witnesses: DataFrame, coordinate: str) -> Series[bool]:
    """Of each module, whether nearly all errors that name a coordinate name the same."""
    known = witnesses[witnesses[coordinate] >= 0]
    most = known.groupby(["module", coordinate]).size().groupby(level="module").max()
    return most >= NEARLY_ALL * known.groupby("module").size()


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
    order = ["named", "memory_crashes", "uncorrected", "crashes", "corrected"]
    found = found.reset_index().assign(named=lambda table: table["host"].notna())  # no offender without a name
    return found.sort_values(order, ascending=False, ignore_index=True).drop(columns="named")
