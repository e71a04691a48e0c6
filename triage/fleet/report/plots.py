"""The site's pictures as SVG, in colours that can be read on light and on dark."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from triage.report.escape import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

INK = "#7a8591"
COLOURS = {
    "memory-error": "#d9480f", "other-hardware": "#e3a008", "software": "#2f7dc4", "operator": "#8a63c9",
    "unknown": "#8b949e",
}  # fmt: skip
BARS = 12  # crash sites in the picture of ratios
LABEL = 40  # characters
WEEK = 7.0


def figure(width: float = 8.0, height: float = 3.2) -> tuple[Figure, Axes]:
    """An empty picture with quiet axes."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "triage"
    made = Figure(figsize=(width, height), layout="constrained")
    axes = made.add_subplot()
    axes.set_facecolor("none")
    axes.tick_params(colors=INK, labelsize=9)
    for name, side in axes.spines.items():
        side.set_color(INK)
        side.set_visible(name in ("left", "bottom"))
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    return made, axes


def svg(made: Figure) -> str:
    """The picture as an svg element."""
    out = io.StringIO()
    made.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def in_use(curve: DataFrame) -> str | None:
    """The share of corrupt pages still in use over time, with its interval; None if nothing crashed."""
    if curve.empty:
        return None
    made, axes = figure()
    unit, size = ("hours", 3600.0) if float(curve["time"].iloc[-1]) < 3 * 86400 else ("days", 86400.0)
    time = [0.0, *(curve["time"] / size)]
    axes.fill_between(
        time, [1.0, *curve["low"]], [1.0, *curve["high"]], step="post", color="#d9480f", alpha=0.18, linewidth=0
    )
    axes.step(time, [1.0, *curve["share"]], where="post", color="#d9480f")
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0)
    axes.set_xlabel(f"{unit} since the error")
    axes.set_ylabel("pages still in use")
    return svg(made)


def by_week(cases: DataFrame) -> str | None:
    """Crashes by week and cause."""
    told = cases[cases["crashed"].fillna(False) & cases["wall_time"].notna()]
    if told.empty:
        return None
    import pandas as pd

    day = told["wall_time"].dt.tz_localize(None).dt.normalize()
    table = told.groupby([day - pd.to_timedelta(day.dt.day_of_week, unit="D"), "cause"]).size().unstack(fill_value=0)
    made, axes = figure()
    bottom = pd.Series(0, index=table.index)
    for cause in (name for name in COLOURS if name in table):
        axes.bar(
            table.index.to_numpy(), table[cause], bottom=bottom, width=WEEK * 0.85, color=COLOURS[cause], label=cause
        )
        bottom = bottom + table[cause]
    axes.set_ylabel("crashes a week")
    axes.legend(frameon=False, labelcolor=INK, fontsize=9, ncols=len(table.columns), loc="upper left")
    axes.set_ylim(0, float(bottom.max()) * 1.2)
    axes.tick_params(axis="x", labelrotation=20)
    return svg(made)


def ratios(sites: DataFrame) -> str | None:
    """Rate ratios with their intervals on a logarithmic scale, the surest first."""
    rows = [row for row in sites.head(BARS).to_dict("records") if row["ratio"] == row["ratio"] and row["high"] > 0]
    if not rows:
        return None
    made, axes = figure(height=0.6 + 0.3 * len(rows))
    for place, row in enumerate(reversed(rows)):
        low, high, middle = bounded(row["low"]), bounded(row["high"]), bounded(row["ratio"])
        colour = "#d9480f" if str(row["meaning"]).startswith("hardware") else INK
        axes.plot([low, high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
        mark = "<" if middle > row["ratio"] else ">" if middle < row["ratio"] else "o"  # no events on one side
        axes.plot([middle], [place], mark, color=colour, markersize=5)
    axes.axvline(1.0, color=INK, linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_yticks(range(len(rows)), [label(row["site"]) for row in reversed(rows)])
    axes.set_xlabel("times as often after an uncorrected memory error")
    return svg(made)


def bounded(value: Any) -> float:
    """A ratio within what the scale can show."""
    return min(max(float(value), 0.01), 1e4) if not math.isnan(value) else 1.0


def label(text: object) -> str:
    """A name that matplotlib takes as it stands: no mathematics between dollar signs."""
    return visible(str(text), LABEL).replace("$", r"\$")
