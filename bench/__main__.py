"""`python -m bench [--gb 3] [--runs 5]`: triage beside ripgrep and beside Python itself, in one run."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import logs
from bench.measure import side_by_side, table
from triage.logs.grammar import kinds

PYTHON = sys.executable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=3.0, help="size of the sparse console log")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as folder:
        for bench in (start_up, cold_dmesg, sparse, dense):
            print(bench(Path(folder), arguments.runs, arguments.gb), flush=True)


def make(what: str, path: Path, size: int) -> None:
    """Write a log in a process of its own: a child's peak memory counts what its parent had when it was forked."""
    subprocess.run([PYTHON, "-m", "bench.logs", what, str(path), str(size)], check=True)


def start_up(_: Path, runs: int, __: float) -> str:
    commands = {"python -c pass": [PYTHON, "-c", "pass"], "triage --help": [PYTHON, "-m", "triage", "--help"]}
    return table("start-up", side_by_side(commands, runs), "python -c pass")


def cold_dmesg(folder: Path, runs: int, _: float) -> str:
    path = folder / "dmesg"
    make("dmesg", path, 1 << 20)
    commands = {
        "python -c pass": [PYTHON, "-c", "pass"],
        "triage analyze": [PYTHON, "-m", "triage", "analyze", str(path)],
        "triage analyze --html": [PYTHON, "-m", "triage", "analyze", str(path), "--html", str(folder / "report.html")],
    }
    return table("cold analysis of a 1 MB dmesg", side_by_side(commands, runs), "python -c pass")


def sparse(folder: Path, runs: int, gb: float) -> str:
    path, literals = folder / "console", folder / "literals"
    make("sparse", path, int(gb * 1e9))
    literals.write_bytes(b"\n".join(sorted({a for kind in kinds().values() for a in kind.ANCHORS})))
    commands = {"triage log": [PYTHON, "-m", "triage", "log", str(path)]}
    if shutil.which("rg"):
        commands["rg -n -F, same literals"] = ["rg", "-n", "-F", "-j1", "--no-mmap", "-f", str(literals), str(path)]
    figures = side_by_side(commands, min(runs, 3))
    rate = path.stat().st_size / 1e9 / figures["triage log"].wall
    path.unlink()
    base = "rg -n -F, same literals" if len(commands) > 1 else "triage log"
    return f"{table(f'console log of {gb:g} GB, one record in 32 MB', figures, base)}\n  triage log: {rate:.2f} GB/s"


def dense(folder: Path, runs: int, _: float) -> str:
    out = []
    for name, template, count in (
        ("CPER + memory failure", "RECORD", 20_000),
        ("EDAC CE", "CE", 200_000),
        ("oops", "OOPS", 8_000),
    ):
        path = folder / "dense"
        make(template, path, count)
        lines = count * (getattr(logs, template).count("\n") + 1)
        figure = side_by_side({"triage log": [PYTHON, "-m", "triage", "log", str(path)]}, min(runs, 3))["triage log"]
        told = f"peak {figure.peak:.0f} MB   ({lines:,} lines, {figure.wall:.2f} s)"
        out.append(f"  {name:34} {lines / figure.wall:10,.0f} event lines/s   {told}")
    return "\n".join(["dense events, triage log --jsonl, whole process", *out])


if __name__ == "__main__":
    main()
