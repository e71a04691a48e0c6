"""Whole-process figures by the operating system's own accounting, of commands run in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """Medians over the counted runs of one command."""

    wall: float  # seconds
    cpu: float  # user + system seconds
    peak: float  # MB of the largest process, mapped pages counted


def once(command: Sequence[str], processors: int | None = None) -> Figure:
    """One run, on some processors only if that is said; output goes to /dev/null."""

    def bind() -> None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:processors])

    began = time.perf_counter()
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=bind if processors else None
    )
    _, _, usage = os.wait4(child.pid, 0)
    child.returncode = 0  # reaped above
    return Figure(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def side_by_side(commands: dict[str, Sequence[str]], runs: int = 5, processors: int | None = None) -> dict[str, Figure]:
    """The commands in turn, A B A B, after one warm-up each; medians."""
    for command in commands.values():
        once(command, processors)
    found: dict[str, list[Figure]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            found[name].append(once(command, processors))
    return {
        name: Figure(*(statistics.median(getattr(f, part) for f in figures) for part in ("wall", "cpu", "peak")))
        for name, figures in found.items()
    }


def table(title: str, figures: dict[str, Figure], base: str) -> str:
    """Rows of figures, with the ratio of wall and CPU time to the row named `base`."""
    rows = [f"{title}", f"  {'':34} {'wall s':>8} {'cpu s':>8} {'peak MB':>8} {'wall x':>7} {'cpu x':>7}"]
    for name, f in figures.items():
        wall, cpu = f.wall / figures[base].wall, f.cpu / max(figures[base].cpu, 1e-3)
        rows.append(f"  {name:34} {f.wall:8.3f} {f.cpu:8.3f} {f.peak:8.1f} {wall:7.2f} {cpu:7.2f}")
    return "\n".join(rows)
