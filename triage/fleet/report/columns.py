"""Which columns each listing of the site has, and where their cells lead: links both ways."""

from __future__ import annotations

from triage.fleet.report import names
from triage.fleet.report.listing import Column, Link, missing

TO_CASE: Link = lambda row: names.case(row["case"])  # noqa: E731
TO_HOST: Link = lambda row: names.host(row["host"])  # noqa: E731
TO_SIGNATURE: Link = lambda row: names.signature(row["title"])  # noqa: E731
TO_MODULE: Link = lambda row: names.module(row["owner"], row["dimm"])  # noqa: E731

RATE = (
    Column("ratio", "rate ratio", "ratio"), Column("low", "from", "ratio"), Column("high", "to", "ratio"),
    Column("q", "q", "p"),
)  # fmt: skip
CASES = (
    Column("case", "case", "short", TO_CASE), Column("wall_time", "when", "time"), Column("host", "host", link=TO_HOST),
    Column("title", "signature", link=TO_SIGNATURE), Column("cause", "cause"), Column("confidence", "confidence"),
    Column("page_type", "page"), Column("lag", "after", "seconds"), Column("kernel", "kernel"), Column("note", "note"),
)  # fmt: skip
SIGNATURES = (
    Column("title", "signature", link=TO_SIGNATURE), Column("cases", "cases", "count"), Column("hosts",
    "hosts", "count"),
    Column("memory", "by memory", "count"), Column("software", "software", "count"), *RATE,
    Column("meaning", "the fleet says"),
    Column("last", "last", "time"),
)  # fmt: skip
REPLACE = (
    Column("do", ""), Column("dimm", "module", link=TO_MODULE), Column("host", "host", link=TO_HOST),
    Column("why", "why"), Column("last", "last", "time"),
)  # fmt: skip
RUNNING = (
    Column("host", "host", link=TO_HOST), Column("open_pages", "pages in use", "count"),
    Column("wall_time", "last error", "time"), Column("case", "case", "short", TO_CASE),
)  # fmt: skip
FRESH = (
    Column("title", "signature", link=TO_SIGNATURE), Column("crashes", "crashes", "count"),
    Column("hosts", "hosts", "count"), Column("memory", "by memory", "count"), Column("first", "first seen", "time"),
)  # fmt: skip
WORSE = (
    Column("title", "signature", link=TO_SIGNATURE), Column("crashes", "this week", "count"),
    Column("before", "four weeks before", "count"), Column("ratio", "rate ratio", "ratio"),
)  # fmt: skip
BAD = (
    Column("title", "signature", link=TO_SIGNATURE), Column("crashes", "crashes", "count"),
    Column("hosts", "hosts", "count"), Column("ratio", "times as often", "ratio"), Column("low", "from", "ratio"),
    Column("high", "to", "ratio"),
)  # fmt: skip
SITES = (
    Column("site", "crash site"), Column("after", "after an error", "count"), Column("before", "without", "count"),
    Column("hosts_after", "hosts", "count"), *RATE, Column("meaning", "meaning"),
)  # fmt: skip
HOSTS = (
    Column("host", "host", link=TO_HOST), Column("hardware", "model"), Column("memory_crashes", "by memory", "count"),
    Column("crashes", "crashes", "count"), Column("uncorrected", "uncorrected", "count"),
    Column("corrected", "corrected", "count"),
    Column("open_pages", "pages left open", "count"), Column("boots", "boots", "count"),
    Column("days", "days seen", "number"),
    Column("last", "last", "time"),
)  # fmt: skip
MODULES = (
    Column("dimm", "module", link=TO_MODULE), Column("host", "host", link=TO_HOST),
    Column("uncorrected", "uncorrected", "count"),
    Column("boots", "in boots", "count"), Column("crashes", "crashes", "count"), Column("corrected",
    "corrected", "count"),
    Column("pattern", "pattern before"), Column("cells", "cells", "count"), Column("first", "first", "time"),
    Column("last", "last", "time"),
)  # fmt: skip
STORMS = (
    Column("host", "host", link=TO_HOST), Column("dimm", "module",
    link=lambda row: names.module(row["host"], row["dimm"]) if row["dimm"] and not missing(row["host"]) else None),
    Column("when", "began", "time"), Column("minutes", "minutes", "count"), Column("errors", "errors", "count"),
)  # fmt: skip
WHATIF = (
    Column("policy", "policy"), Column("pages", "pages", "count"), Column("yes", "would panic", "count"),
    Column("no", "would not", "count"),
    Column("depends", "depends", "count"), Column("clean_dumps", "clean dumps instead of crashes", "count"),
    Column("maybe", "crashes where only the page's type tells", "count"),
    Column("lead_median", "earlier by (median)", "seconds"),
    Column("lead_seconds", "time saved, all", "seconds"), Column("for_nothing", "panics for nothing", "count"),
    Column("actual", "did panic", "count"),
)  # fmt: skip
WHATIF_BY_KERNEL = (WHATIF[0], Column("kernel", "kernel"), *WHATIF[1:])
RELEASES = (
    Column("title", "signature", link=TO_SIGNATURE), Column("kernel", "kernel"), Column("crashes", "crashes", "count"),
    Column("days", "days seen", "number"), Column("others", "on others", "count"), Column("other_days",
    "days", "number"), *RATE,
    Column("meaning", ""),
)  # fmt: skip
WEEKS = (
    Column("title", "signature", link=TO_SIGNATURE), Column("week", "week of", "day"), Column("crashes",
    "crashes", "count"),
    Column("before", "four weeks before", "count"), *RATE, Column("meaning", ""),
)  # fmt: skip
LATENCY = (
    Column("share", "share crashed", "number"), Column("time", "after", "seconds"), Column("low",
    "from", "seconds"), Column("high", "to", "seconds"),
)  # fmt: skip
LATENCY_BY_TYPE = (
    Column("type", "page"), Column("pages", "pages", "count"), Column("crashes", "crashed", "count"),
    Column("time", "median", "seconds"),
    Column("low", "from", "seconds"), Column("high", "to", "seconds"),
)  # fmt: skip
CAUSES = (Column("cause", "cause"), Column("confidence", "confidence"), Column("cases", "cases", "count"))


def counted(field: str, heading: str) -> tuple[Column, ...]:
    """The columns of cases counted by one property."""
    return (
        Column(field, heading), Column("cases", "cases", "count"), Column("hosts", "hosts", "count"),
        Column("crashes", "crashes", "count"),
        Column("memory", "by memory", "count"),
    )  # fmt: skip


def without(columns: tuple[Column, ...], *fields: str) -> tuple[Column, ...]:
    """The columns but for those of some fields, which a page's heading tells."""
    return tuple(column for column in columns if column.field not in fields)


MODULES_OF_HOST = without(MODULES, "host")
OF_GROUP = {  # kind of page -> its row of the statistics
    "signature": (*without(SIGNATURES, "title", "last"), Column("first", "first", "time"), SIGNATURES[-1]),
    "host": without(HOSTS, "host"), "module": without(MODULES, "dimm"),
}  # fmt: skip
CASES_OF = {  # ... -> its cases
    "signature": without(CASES, "title"), "host": without(CASES, "host"), "module": without(CASES, "host"),
}  # fmt: skip
BY_TABLE = {
    "replace": REPLACE, "running": RUNNING, "fresh": FRESH,
    "causes": CAUSES, "signatures": SIGNATURES, "sites": SITES, "hosts": HOSTS, "modules": MODULES, "storms": STORMS,
    "latency": LATENCY, "latency_by_type": LATENCY_BY_TYPE, "whatif": WHATIF, "whatif_by_kernel": WHATIF_BY_KERNEL,
    "releases": RELEASES, "weeks": WEEKS, "kernels": counted("kernel", "kernel"),
    "hardware": counted("hardware", "model"),
    "page_types": counted("page_type", "page"),
}  # fmt: skip
