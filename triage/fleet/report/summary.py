"""The fleet in one page of Markdown, for a ticket or a mail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from triage.fleet.report import columns
from triage.fleet.report.files import put
from triage.fleet.report.listing import Column, day, listing, missing
from triage.fleet.statistics.gather import TABLES, Statistics
from triage.fleet.statistics.morning import some
from triage.report.escape import markdown

ROWS = 10
SECTIONS = (
    ("signatures", "Signatures"), ("hosts", "Hosts"), ("modules", "Memory modules"),
    ("sites", "What follows memory errors"),
    ("latency", "How long corrupt memory stayed in use"), ("whatif", "Had the sysctl been on"),
)  # fmt: skip


def write(path: Path, statistics: Statistics, note: str | None = None) -> None:
    """Write the summary, whole or not at all; raises OSError. `note`: what its reader must know of the store."""
    put(path, render(statistics, note))


def render(statistics: Statistics, note: str | None = None) -> str:
    """The summary."""
    parts = [head(statistics.totals), *([markdown(note)] if note else [])]
    for name, heading in SECTIONS:
        frame = statistics.tables[name]
        if len(frame):
            parts.append(f"## {heading}\n\n{TABLES[name]}\n\n{table(frame, columns.BY_TABLE[name])}")
    worse = statistics.tables["releases"]
    worse = worse[worse["meaning"] == "more often"]
    if len(worse):
        parts.append(f"## What got worse with a release\n\n{table(worse, columns.RELEASES)}")
    return "\n\n".join(parts) + "\n"


def head(totals: dict[str, Any]) -> str:
    """The heading and the figures that matter."""
    span = "" if missing(totals["first"]) else f", {day(totals['first'])} to {day(totals['last'])}"
    crashes, hosts = some(totals["crashes"], "crash", "crashes"), some(totals["hosts"], "host")
    cases, boots = some(totals["cases"], "case"), some(totals["boots"], "boot")
    lines = [
        f"# Fleet: {crashes} of {hosts}, {totals['memory_crashes']:,} by memory errors",
        "",
        f"{cases} from {boots}, {totals['boot_days']:,.0f} days of boot time seen{span}.",
        "",
        f"- by memory errors: {totals['memory_crashes']:,}; by other hardware: {totals['other_hardware']:,}; "
        f"by software: {totals['software']:,}",
        f"- hosts running with corrupt kernel memory: {totals['at_risk_hosts']:,}",
        f"- hardware-suspect, but the log begins too late to show an error: {totals['suspects']:,}",
        f"- other tellings of the same crashes, not counted: {totals['copies']:,}; "
        f"inputs not read, or in part: {totals['failures']:,}",
    ]
    return "\n".join(lines)


def table(frame: Any, shown: tuple[Column, ...]) -> str:
    """The first rows of a table in Markdown."""
    made = listing("table", frame.head(ROWS), shown)
    lines = ["| " + " | ".join(heading or " " for heading, _ in made.headings) + " |"]
    lines.append("|" + "|".join(" ---: " if right else " --- " for _, right in made.headings) + "|")
    lines += ["| " + " | ".join(markdown(text) for text, _, _ in row) + " |" for row in made.rows]
    if len(frame) > ROWS:
        lines += ["", f"... and {len(frame) - ROWS:,} more"]
    return "\n".join(lines)
