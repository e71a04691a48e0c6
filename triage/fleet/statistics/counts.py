"""Cases counted by what they are: signature, cause, confidence, kernel, hardware, page type."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

CASE_COLUMNS = [
    "case", "boot", "unit", "host", "duplicate_of", "wall_time", "kernel", "arch", "hardware", "cause",
    "confidence", "summary", "crashed",
    "title", "type", "function", "pfn", "page_type", "match", "lag", "open_pages", "core", "keys",
]  # fmt: skip
SPREAD = 3  # hosts on which the same crash without corrupt memory speaks of software


def by(cases: DataFrame, column: str) -> DataFrame:
    """Cases and crashes by one column, with how many of the crashes were memory errors; unknown values are a row
    too."""
    marked = cases.assign(
        **{column: cases[column].fillna("unknown"), "crash": cases["crashed"].fillna(False).astype(bool)},
        memory=(cases["cause"] == "memory-error") & cases["crashed"].fillna(False),
    )
    found = marked.groupby(column).agg(
        cases=("case", "size"), hosts=("host", "nunique"), crashes=("crash", "sum"), memory=("memory", "sum")
    )
    return found.sort_values(["cases", "memory"], ascending=False).reset_index()


def causes(cases: DataFrame) -> DataFrame:
    """Cases by cause and confidence."""
    return (
        cases.groupby(["cause", "confidence"])
        .size()
        .rename("cases")
        .reset_index()
        .sort_values("cases", ascending=False, ignore_index=True)
    )


def signatures(cases: DataFrame, association: DataFrame) -> DataFrame:
    """Crash signatures with their hosts, causes, and what the fleet as a whole says of each."""
    crashed = cases[cases["title"].notna()]
    crashed = crashed.assign(by_software=crashed["cause"] == "software", at_open_page=crashed["open_pages"] > 0)
    more = crashed.groupby("title").agg(
        software=("by_software", "sum"), with_open_page=("at_open_page", "sum"),
        first=("wall_time", "min"), last=("wall_time", "max"),
    )  # fmt: skip
    known = association.set_index("site")
    found = by(crashed, "title").set_index("title")
    found = found.assign(
        **more, **{column: known[column].reindex(found.index) for column in ("ratio", "low", "high", "q")}
    )
    found = found.reset_index()
    told = dict(zip(association["site"], association["meaning"], strict=True))
    meaning = found["title"].map(lambda title: told.get(title, "hardware by definition, or never timed")).astype(str)
    clean = (found["hosts"] >= SPREAD) & (found["with_open_page"] == 0)
    found["meaning"] = meaning.where(
        ~(clean & ~meaning.str.startswith("hardware")), "software: many hosts, no open page"
    )
    return found
