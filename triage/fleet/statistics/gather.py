"""All statistics of a store, in one go; `TABLES` says what each is and in which order people read them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from triage.fleet.statistics import association, counts, modules, morning, regressions, survival, whatif
from triage.fleet.statistics.morning import Week
from triage.fleet.statistics.survival import Survival

if TYPE_CHECKING:
    from pandas import DataFrame

    from triage.fleet.store import Store

TABLES = {  # name -> what it shows
    "replace": "Memory modules to replace, the worst first; below them those whose corrected errors show one pattern.",
    "running": "Hosts whose newest boot left corrupt memory in use and had not ended when its log did.",
    "fresh": "Signatures that nobody had seen before the newest week.",
    "causes": "Cases by cause and confidence.",
    "signatures": "Crash signatures; the rate ratio compares their rate after a memory error with that without one.",
    "sites": "Crash sites: how much more often they follow a memory error than chance would have it.",
    "hosts": "Hosts, repeat offenders first.",
    "modules": "Memory modules, the worst first; the pattern is of corrected errors before the first uncorrected one.",
    "storms": "Storms: a hundred or more corrected errors of one module within a minute.",
    "latency": "How long corrupt memory stayed in use: when a share of the pages had ended in a crash.",
    "latency_by_type": "The median of the same by page type.",
    "whatif": "What vm.panic_on_unrecoverable_memory_failure would have done, per policy.",
    "whatif_by_kernel": "The same per policy and kernel.",
    "releases": "Signatures by kernel release, compared with all other releases by the boot time seen of each.",
    "weeks": "Signatures by week, compared with the four weeks before.",
    "kernels": "Cases by kernel.",
    "hardware": "Cases by machine model.",
    "page_types": "Cases by the type of the page that is blamed.",
}


@dataclass(slots=True)
class Statistics:
    """The numbers of a fleet: totals, tables by name, and the curve of corrupt memory in use. `cases` are those that
    count."""

    totals: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, DataFrame] = field(default_factory=dict)
    survival: Survival | None = None
    cases: DataFrame | None = None
    dated: DataFrame | None = None  # those of them whose clocks can be believed
    week: Week | None = None  # the newest


def gather(store: Store, now: float | None = None) -> Statistics:
    """Everything, from the store's tables; only the columns that are needed are read.

    now: Unix seconds; dates after it are those of broken clocks.
    """
    boots = association.distinct(store.read("boots"))
    cases = store.read("cases", counts.CASE_COLUMNS)
    copies = int(cases["duplicate_of"].notna().sum())
    cases = cases[cases["duplicate_of"].isna()].reset_index(drop=True)
    alive = set(boots["boot"])
    errors = modules.memory_errors(store.read("errors", modules.ERROR_COLUMNS), boots)
    pages = store.read("pages", survival.PAGE_COLUMNS)
    answers = store.read("whatif", whatif.COLUMNS)
    pages, answers = pages[pages["boot"].isin(alive)], answers[answers["boot"].isin(alive)]
    waited = survival.in_use(pages)
    dated = cases[morning.credible(cases["wall_time"], time.time() if now is None else now)]
    made = Statistics(survival=waited, cases=cases, dated=dated, week=morning.week(dated))
    ranking = modules.ranked(errors, cases)
    titles = association.sites(boots, "title")
    made.tables = {
        "replace": morning.replace(ranking),
        "running": morning.running(boots, cases),
        "fresh": morning.fresh(dated, made.week),
        "causes": counts.causes(cases),
        "signatures": counts.signatures(cases, titles),
        "sites": association.sites(boots),
        "hosts": modules.hosts(boots, errors, cases),
        "modules": ranking,
        "storms": modules.storms(errors),
        "latency": waited.quantiles,
        "latency_by_type": survival.by_type(pages),
        "whatif": whatif.over_fleet(answers, ("policy",)),
        "whatif_by_kernel": whatif.over_fleet(answers),
        "releases": regressions.releases(boots),
        "weeks": regressions.weeks(dated),
        "kernels": counts.by(cases, "kernel"),
        "hardware": counts.by(cases, "hardware"),
        "page_types": counts.by(cases[cases["pfn"].notna()], "page_type"),
    }
    made.totals = totals(made, boots, copies, store) | {
        "first": dated["wall_time"].min(), "last": dated["wall_time"].max(), "undated": len(cases) - len(dated),
    }  # fmt: skip
    mark_suspects(made, boots)
    return made


def totals(made: Statistics, boots: DataFrame, copies: int, store: Store) -> dict[str, Any]:
    """The figures at the head of a report."""
    cases = made.cases
    assert cases is not None
    crashed = cases["crashed"].fillna(False)
    return {
        "cases": len(cases), "copies": copies, "boots": len(boots), "hosts": int(boots["host"].nunique()),
        "crashes": int(crashed.sum()), "memory_crashes": int((crashed & (cases["cause"] == "memory-error")).sum()),
        "other_hardware": int((crashed & (cases["cause"] == "other-hardware")).sum()),
        "software": int((crashed & (cases["cause"] == "software")).sum()),
        "at_risk": int((~crashed & (cases["open_pages"] > 0)).sum()),
        "boot_days": float((boots["end"] - boots["begin"]).clip(lower=0).sum() / 86400),
        "unknown_boots": int((~association.from_start(boots) | boots["end"].isna()).sum()),
        "failures": sum(len(batch) for batch in store.batches("failures", ["kind"])),
        "at_risk_hosts": len(made.tables["running"]),
    }  # fmt: skip


def mark_suspects(made: Statistics, boots: DataFrame) -> None:
    """Name the cases that the fleet suspects and their own logs cannot: `suspect`.

    Their signature follows memory errors, and their log begins too late to show whether there was one.
    """
    cases, signatures = made.cases, made.tables["signatures"]
    assert cases is not None
    follows = set(signatures.loc[signatures["meaning"].str.startswith("hardware-suspect"), "title"])
    late = set(boots.loc[~association.from_start(boots), "boot"])
    judged = cases["cause"].isin(["memory-error", "other-hardware", "operator"])
    cases["suspect"] = cases["title"].isin(follows) & cases["boot"].isin(late) & ~judged
    made.totals["suspects"] = int(cases["suspect"].sum())
