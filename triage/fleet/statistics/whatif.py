"""What vm.panic_on_unrecoverable_memory_failure would have done over the fleet, per policy and kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = [
    "boot",
    "case",
    "host",
    "kernel",
    "policy",
    "would_panic",
    "lead",
    "actual",
    "blamed",
    "crashed",
    "memory_crash",
]


def over_fleet(rows: DataFrame, by: tuple[str, ...] = ("policy", "kernel")) -> DataFrame:
    """One row per policy (and kernel):

    pages, yes, no, depends   answers for pages with a verdict line
    clean_dumps               boots that died of memory and would have dumped at the error instead
    lead_seconds, lead_median how much earlier than the crash came, summed and in the middle
    for_nothing               boots that it would have panicked and that did not crash while they were seen
    maybe                     boots that died of memory where only the page's type could tell
    """
    import pandas as pd

    answer = rows["would_panic"]
    marked = rows.assign(
        kernel=rows["kernel"].fillna("unknown"), yes=answer == "yes", no=answer == "no", depends=answer == "depends"
    )
    keys = list(by)
    found = marked.groupby(keys).agg(
        pages=("yes", "size"), yes=("yes", "sum"), no=("no", "sum"), depends=("depends", "sum")
    )
    boots = marked.groupby([*keys, "boot"]).agg(
        yes=("yes", "any"), depends=("depends", "any"), crashed=("crashed", "any"), memory=("memory_crash", "any"),
        actual=("actual", "any"),
    )  # fmt: skip
    lead = marked[marked["yes"] & marked["memory_crash"].fillna(False)].groupby([*keys, "boot"])["lead"].max()
    clean = boots["yes"] & boots["memory"]
    for name, chosen in (
        ("clean_dumps", clean), ("maybe", boots["memory"] & boots["depends"] & ~boots["yes"]),
        ("for_nothing", boots["yes"] & ~boots["crashed"]), ("actual", boots["actual"]),
    ):  # fmt: skip
        found[name] = chosen.groupby(level=keys).sum()
    found["lead_seconds"] = lead.groupby(level=keys).sum()
    found["lead_median"] = lead.groupby(level=keys).median()
    found["lead_seconds"] = pd.to_numeric(found["lead_seconds"]).fillna(0.0)
    return found.astype(dict.fromkeys(("clean_dumps", "maybe", "for_nothing", "actual"), "int64")).reset_index()
