"""Cases as typed pandas tables, and the join of hardware errors with crash sites over boots and hosts.

Addresses, page frames and registers are UInt64: a missing value would turn int64 into float64, which silently rounds
0xffff888000000001.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

import pandas as pd
from pandas import DataFrame

from triage.correlate.words import module
from triage.model import Case, HardwareError, PageHistory, Site

KEY = {"case": "Int64", "boot": "string", "host": "string"}
COLUMNS: dict[str, dict[str, str]] = {
    "cases": {
        **KEY, "boot_id": "string", "cause": "string", "confidence": "string", "software_excluded": "boolean",
        "summary": "string", "title": "string", "crash_time": "Float64", "kernel": "string", "arch": "string",
        "core": "boolean", "pages": "Int64", "errors": "Int64", "source": "string",
    },
    "crashes": {
        **KEY, "crash": "Int64", "chosen": "boolean", "title": "string", "type": "string", "function": "string",
        "offset": "UInt64", "module": "string", "time": "Float64", "wall_time": "time", "task": "string",
        "pid": "Int64", "cpu": "Int64", "kernel": "string", "arch": "string", "taint": "string",
        "fault_address": "UInt64", "esr": "UInt64", "panicked": "boolean", "source": "string", "first_line": "Int64",
        "last_line": "Int64",
    },
    "registers": {**KEY, "crash": "Int64", "name": "string", "value": "UInt64"},
    "errors": {
        **KEY, "id": "string", "kind": "string", "component": "string", "severity": "string", "what": "string",
        "time": "Float64", "wall_time": "time", "physical_address": "UInt64", "granularity": "UInt64",
        "page": "UInt64", "status": "UInt64", "bank": "Int64", "device": "string", "dimm": "string", "cpu": "Int64",
        "count": "Int64", "previous_boot": "boolean", "injected": "boolean", "source": "string",
        "first_line": "Int64", "last_line": "Int64",
    },
    "pages": {
        **KEY, "pfn": "UInt64", "physical_address": "UInt64", "page_shift": "Int64", "type": "string",
        "type_now": "string", "type_source": "string", "log_label": "string", "log_result": "string",
        "poisoned": "boolean", "injected": "boolean", "open": "boolean", "recorded": "boolean", "blamed": "boolean",
        "first_seen": "Float64", "verdict_time": "Float64", "granularity": "UInt64", "dimm": "string",
    },
    "links": {
        **KEY, "pfn": "UInt64", "match": "string", "via": "string", "address": "UInt64", "translation": "string",
        "granularity": "UInt64", "lag_seconds": "Float64", "exact": "boolean",
    },
    "exposures": {
        **KEY, "pfn": "UInt64", "type": "string", "since": "Float64", "until": "Float64", "seconds": "Float64",
        "ended": "string",
    },
}  # fmt: skip
RANKS = ("address", "open", "not judged", "recovered")  # how a page or error stands to a crash, most telling first


def tables(cases: Sequence[Case]) -> dict[str, DataFrame]:
    """All tables: those of COLUMNS, `pairs` (each crash with every error before it) and `sites`."""
    found = {name: table(name, rows(name, cases)) for name in COLUMNS}
    found["pairs"] = pairs(found)
    found["sites"] = summed(found["pairs"])
    return found


def sites(cases: Sequence[Case]) -> list[Site]:
    """Hardware error -> crash site: how often, on how many hosts, after how long; most often first."""
    names = [field.name for field in fields(Site)]
    found = tables(cases)["sites"].astype(object)
    values = found.where(found.notna(), None)[names].itertuples(index=False)
    return [Site(**dict(zip(names, row, strict=True))) for row in values]


def table(name: str, found: Iterable[dict[str, Any]]) -> DataFrame:
    """Rows as a DataFrame with the column types of COLUMNS; a row may lack columns."""
    records = list(found)
    return DataFrame({c: column([r.get(c) for r in records], kind) for c, kind in COLUMNS[name].items()})


def column(values: list[Any], kind: str) -> pd.Series:
    """One typed column; Unix seconds become UTC timestamps."""
    if kind == "time":
        return pd.to_datetime(pd.Series(values, dtype="Float64"), unit="s", utc=True).dt.as_unit("us")
    return pd.Series(pd.array(values, dtype=kind))  # type: ignore[call-overload]


# ---------------------------------------------------------------- rows


def rows(name: str, cases: Sequence[Case]) -> Iterator[dict[str, Any]]:
    """The rows of one table over all cases."""
    for number, case in enumerate(cases):
        host, boot_id = case.boot.host, case.boot.boot_id
        key = {"case": number, "host": host, "boot": f"{host or '?'}/{boot_id}" if boot_id else f"case {number}"}
        for row in ROWS[name](case):
            yield {**key, **row}


def case_rows(case: Case) -> Iterator[dict[str, Any]]:
    crash, verdict = case.crash, case.verdict
    yield {
        **picked(verdict, "cause", "confidence", "software_excluded", "summary"),
        **(picked(crash, "title", "kernel", "arch") | {"crash_time": crash.time} if crash else {}),
        "boot_id": case.boot.boot_id,
        "core": case.boot.core is not None,
        "pages": len(case.pages),
        "errors": len(case.errors),
        "source": case.boot.sources[0].path if case.boot.sources else None,
    }


def crash_rows(case: Case) -> Iterator[dict[str, Any]]:
    for number, crash in enumerate(case.crashes):
        row = picked(crash, *(set(COLUMNS["crashes"]) - {*KEY, "crash", "chosen", "taint"}))
        yield {**row, "crash": number, "chosen": crash is case.crash, "taint": "".join(crash.taint)}


def register_rows(case: Case) -> Iterator[dict[str, Any]]:
    for number, crash in enumerate(case.crashes):
        for name, value in crash.registers.items():
            yield {"crash": number, "name": name, "value": value}


def error_rows(case: Case) -> Iterator[dict[str, Any]]:
    for name, error in case.errors:
        row = picked(error, *(set(COLUMNS["errors"]) - {*KEY, "id", "status", "bank", "dimm"}))
        yield {**row, "id": name, **picked_mca(error), "dimm": module(error.location)}


def picked_mca(error: HardwareError) -> dict[str, Any]:
    """Status and bank where they are numbers."""
    return {key: value for key in ("status", "bank") if isinstance(value := error.mca.get(key), int) and value >= 0}


def page_rows(case: Case) -> Iterator[dict[str, Any]]:
    for page in case.pages:
        yield {**picked(page, *(set(COLUMNS["pages"]) - {*KEY, "dimm"})), "dimm": module(page.location)}


def link_rows(case: Case) -> Iterator[dict[str, Any]]:
    for link in case.links:
        yield picked(link, *(set(COLUMNS["links"]) - set(KEY)))


def exposure_rows(case: Case) -> Iterator[dict[str, Any]]:
    """How long each open page stayed in use; a crash or the end of the log, and so a reboot, ends it."""
    last = max((event.time for event in case.boot.events if event.time is not None), default=None)
    until = case.crash.time if case.crash else last
    for page in case.pages:
        since = started(page)
        if page.open and since is not None:
            span = until - since if until is not None and until >= since else None
            ended = "crash" if case.crash else "end of log"
            yield {"pfn": page.pfn, "type": page.type, "since": since, "until": until, "seconds": span, "ended": ended}


def started(page: PageHistory) -> float | None:
    """When the page was left open, printk seconds."""
    return page.verdict_time if page.verdict_time is not None else page.first_seen


def picked(thing: object, *names: str) -> dict[str, Any]:
    """Attributes as a dict."""
    return {name: getattr(thing, name) for name in names}


ROWS = {
    "cases": case_rows,
    "crashes": crash_rows,
    "registers": register_rows,
    "errors": error_rows,
    "pages": page_rows,
    "links": link_rows,
    "exposures": exposure_rows,
}


# ---------------------------------------------------------------- hardware error -> crash site


def pairs(found: dict[str, DataFrame]) -> DataFrame:
    """Every crash with every uncorrected error and open page of the same boot that stands before it, ranked.

    An interval join: an error's exposure reaches from its time to the end of its boot, so the boot is the key and the
    order of the times the condition. `rank` 1 is the most telling partner of a crash: address match, then an open page,
    then an error never judged, then a recovered page; the later one first within each.
    """
    crashes = found["crashes"].loc[found["crashes"]["chosen"], ["boot", "host", "crash", "title", "function", "time"]]
    joined = crashes.merge(suspects(found), on="boot", how="inner")
    joined = joined[~(joined["since"] > joined["time"]).fillna(False)].copy()
    joined["lag"] = joined["time"] - joined["since"]
    joined["order"] = joined["standing"].map({name: n for n, name in enumerate(RANKS)})
    joined = joined.sort_values(["boot", "crash", "order", "lag"], kind="stable")
    joined["rank"] = joined.groupby(["boot", "crash"]).cumcount().add(1).astype("Int64")
    return joined.drop(columns="order").reset_index(drop=True)


def suspects(found: dict[str, DataFrame]) -> DataFrame:
    """Pages and uncorrected errors without a page: what it was, since when, and how it stands to the crash."""
    pages, links, errors = found["pages"], found["links"], found["errors"]
    hit = set(zip(*(links.loc[links["match"] != "time", c] for c in ("boot", "pfn")), strict=True))
    page = DataFrame({"boot": pages["boot"], "pfn": pages["pfn"], "dimm": pages["dimm"]})
    page["error"] = ("memory error, " + pages["log_result"].fillna("no verdict")).astype("string")
    page["since"] = pages["verdict_time"].fillna(pages["first_seen"])
    flags = zip(pages["boot"], pages["pfn"], pages["open"].fillna(False), pages["log_result"].notna(), strict=True)
    page["standing"] = pd.array([standing((b, p) in hit, o, v) for b, p, o, v in flags], dtype="string")
    loose = errors[(errors["severity"] != "corrected") & ~errors["previous_boot"].fillna(False)]
    loose = loose[loose["physical_address"].isna() & loose["page"].isna()]
    rest = DataFrame({"boot": loose["boot"], "dimm": loose["dimm"], "since": loose["time"]})
    rest["error"] = (loose["component"] + " error: " + loose["what"]).astype("string")
    rest["standing"] = pd.array(["not judged"] * len(rest), dtype="string")
    return pd.concat([part for part in (page, rest) if len(part)] or [page], ignore_index=True)


def standing(hit: bool, is_open: bool, judged: bool) -> str:
    """One of RANKS."""
    if hit:
        return "address"
    return "open" if is_open and judged else "not judged" if is_open else "recovered"


def summed(joined: DataFrame) -> DataFrame:
    """The most telling pair of each crash, counted by error and crash site."""
    best = joined[joined["rank"] == 1]
    grouped = best.groupby(["error", "standing", "title"], dropna=False)
    found = grouped.agg(
        often=("boot", "size"),
        hosts=("host", "nunique"),
        lag_min=("lag", "min"),
        lag_median=("lag", "median"),
        lag_max=("lag", "max"),
    )
    return found.sort_values("often", ascending=False).reset_index()
