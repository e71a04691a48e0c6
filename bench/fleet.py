"""`python -m bench.fleet`: crash logs of 20 KB into a store, again, on one and on two workers, and the report."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench import fleetgen
from bench.measure import Figure, once

PLAN = {"hosts": 1000, "size": 19_000, "haste": 200.0, "copies": 0.0, "damaged": 0.0}  # nine boots in ten crash
COMMAND = [sys.executable, "-m", "triage", "fleet"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="boots in the archive")
    parser.add_argument("--dir", type=Path, help="where to make the archive (default: the temporary directory)")
    parser.add_argument(
        "--scale", type=int, nargs="+", metavar="N", help="instead: what a case costs in N boots, and ..."
    )
    arguments = parser.parse_args()
    for count in arguments.scale or (arguments.cases,):
        with tempfile.TemporaryDirectory(prefix="triage-bench-", dir=arguments.dir) as folder:
            for line in (scale if arguments.scale else rows)(Path(folder), count):
                print(line, flush=True)


def rows(base: Path, cases: int) -> list[str]:
    """The figures, one line each."""
    fleetgen.write(fleetgen.Plan(boots=cases, **PLAN), base)  # type: ignore[arg-type]
    logs, store = base / "logs", base / "store"
    two = timed(logs, store, "--jobs", "2")
    again = timed(logs, store, "--jobs", "2")
    change(logs)
    changed = timed(logs, store, "--jobs", "2")
    report = timed(None, store, "--html", str(base / "site"), "--markdown", str(base / "summary.md"))
    shutil.rmtree(store)
    one = timed(logs, store, "--jobs", "1")
    return [
        f"{cases:,} crash logs, {sum(p.stat().st_size for p in logs.rglob('*.log')) / 1e6:,.0f} MB",
        line("first run, 2 workers", two, cases),
        line("first run, 1 worker", one, cases) + f"   two are {one.wall / two.wall:.2f} times as fast",
        line("second run, nothing new", again, cases) + f"   {two.wall / again.wall:.0f} times as fast as the first",
        line("one new, one changed", changed, cases),
        line("statistics and site", report, cases),
    ]


def scale(base: Path, cases: int) -> list[str]:
    """What a case of a small log costs in an archive of so many: CPU time is what does not depend on other work."""
    fleetgen.write(fleetgen.Plan(boots=cases, **PLAN | {"size": 0}), base)  # type: ignore[arg-type]
    first = timed(base / "logs", base / "store", "--jobs", "2")
    again = timed(base / "logs", base / "store", "--jobs", "2")
    report = timed(None, base / "store", "--markdown", str(base / "summary.md"))
    return [
        f"  {cases:9,} cases {what:24} {figure.cpu / cases * 1e3:8.2f} ms cpu a case {figure.peak:7.0f} MB peak"
        for what, figure in (("first run", first), ("nothing new", again), ("statistics", report))
    ]


def timed(logs: Path | None, store: Path, *options: str) -> Figure:
    """One run of the command; the peak is of the process that keeps the store."""
    return once([*COMMAND, *([str(logs)] if logs else []), "--store", str(store), *options])


def change(logs: Path) -> None:
    """Change one log and add another."""
    first = next(iter(sorted(logs.rglob("*.log"))))
    text = first.read_text()
    first.write_text(text + text.splitlines()[-1] + "\n")
    (first.parent / "new.log").write_text(text.replace("node", "edon"))


def line(what: str, figure: Figure, cases: int) -> str:
    """One row."""
    rate = cases / figure.wall
    return (
        f"  {what:28} {figure.wall:8.1f} s wall {figure.cpu:8.1f} s cpu {rate:9,.0f} cases/s {figure.peak:7.0f} MB peak"
    )


if __name__ == "__main__":
    main()
