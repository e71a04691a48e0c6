"""Metrics for Prometheus' textfile collector. Labels are bounded: causes, confidences, policies, answers; never hosts
or titles.

# HELP triage_fleet_cases Cases by cause and confidence.
# TYPE triage_fleet_cases gauge
triage_fleet_cases{cause="memory-error",confidence="likely"} 57
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from pathlib import Path

from triage.fleet.report.files import put
from triage.fleet.statistics.gather import Statistics

Sample = tuple[dict[str, str], float]
TOTALS = {
    "boots": "Boots seen.", "hosts": "Hosts seen.", "crashes": "Boots that ended in a crash.",
    "memory_crashes": "Crashes by memory errors.",
    "at_risk_hosts": "Hosts whose newest boot left corrupt kernel memory in use.",
    "at_risk": "Boots that left corrupt kernel memory in use and did not crash.",
    "suspects": "Crashes whose signature follows memory errors and whose log begins too late to show one.",
    "boot_days": "Boot time seen, days.",
    "failures": "Inputs not read, or in part.", "copies": "Cases that are another telling of a counted one.",
}  # fmt: skip


def write(path: Path, statistics: Statistics) -> None:
    """Write the metrics, whole or not at all, as the collector demands; raises OSError."""
    put(path, render(statistics, time.time()))


def render(statistics: Statistics, now: float) -> str:
    """The metrics in the text format."""
    lines = list(gauge("last_report_seconds", "When this was written, Unix seconds.", [({}, now)]))
    for name, about in TOTALS.items():
        lines += gauge(name, about, [({}, float(statistics.totals[name]))])
    causes = statistics.tables["causes"]
    lines += gauge("cases", "Cases by cause and confidence.", [
        ({"cause": row["cause"], "confidence": row["confidence"]}, float(row["cases"]))
        for row in causes.to_dict("records")
    ])  # fmt: skip
    answers: list[Sample] = []
    effects: list[Sample] = []
    for row in statistics.tables["whatif"].to_dict("records"):
        policy = {"policy": str(row["policy"])}
        answers += [({**policy, "answer": answer}, float(row[answer])) for answer in ("yes", "no", "depends")]
        effects += [
            ({**policy, "effect": effect}, float(row[effect])) for effect in ("clean_dumps", "maybe", "for_nothing")
        ]
    lines += gauge("whatif_pages", "Pages by what the sysctl would have done.", answers)
    lines += gauge("whatif_boots", "Boots by what the sysctl would have meant.", effects)
    modules = statistics.tables["modules"]
    lines += gauge(
        "modules_with_uncorrected_errors",
        "Memory modules with uncorrected errors.",
        [({}, float((modules["uncorrected"] > 0).sum()))],
    )
    median = statistics.tables["latency"].set_index("share")["time"].get(0.5, math.nan)
    lines += gauge(
        "memory_in_use_seconds_median", "Median time from a memory error to the crash.", [({}, float(median))]
    )
    return "\n".join(lines) + "\n"


def gauge(name: str, about: str, samples: Iterable[Sample]) -> list[str]:
    """One metric; samples without a value are left out."""
    known = [(labels, value) for labels, value in samples if not math.isnan(value)]
    if not known:
        return []
    full = f"triage_fleet_{name}"
    return [
        f"# HELP {full} {about}",
        f"# TYPE {full} gauge",
        *(f"{full}{braces(labels)} {value:.15g}" for labels, value in known),
    ]


def braces(labels: dict[str, str]) -> str:
    """{cause="software",confidence="likely"}."""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}" if labels else ""
