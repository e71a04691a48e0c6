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
from triage.config import processors
from triage.logs.grammar import kinds

PYTHON = sys.executable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=3.0, help="size of the sparse console log")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triage-bench-") as folder:
        for bench in (start_up, cold_dmesg, sparse, dense, kinds_apart, linear):
            print(bench(Path(folder), arguments.runs, arguments.gb), flush=True)


def reading(part: str, path: Path, *only: str, runs: int = 3) -> float:
    """CPU seconds of one part of the log side, the best of some runs: other processes only ever add to them."""
    command = [PYTHON, "-m", "bench.reading", part, str(path), *only]
    done = [subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(runs)]
    return min(float(one.stderr) for one in done)


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
    size, whole = path.stat().st_size / 1e9, figures["triage log"]
    scan = size / reading("scan", path, runs=1)
    path.unlink()
    base = "rg -n -F, same literals" if len(commands) > 1 else "triage log"
    rates = f"triage log: {size / whole.wall:.2f} GB/s ({size / whole.cpu:.2f} per CPU second); scan alone {scan:.2f}"
    return f"{table(f'console log of {gb:g} GB, one record in 32 MB', figures, base)}\n  {rates}"


def dense(folder: Path, runs: int, _: float) -> str:
    cores = processors()
    columns = "".join(
        f" {name:>10}" for name in ("1 core", f"{cores} cores", "to JSON", "read only", "peak MB", "lines")
    )
    head = f"  {'event lines per second':34}{columns}"
    out = ["dense events: triage log --jsonl as a whole process, and on one core its parts without start-up", head]
    for name, template, count in (
        ("CPER + memory failure", "RECORD", 40_000),
        ("EDAC CE", "CE", 300_000),
        ("oops", "OOPS", 12_000),
    ):
        path = folder / "dense"
        make(template, path, count)
        lines = count * (getattr(logs, template).count("\n") + 1)
        commands = {"": [PYTHON, "-m", "triage", "log", str(path)]}
        alone, together = (side_by_side(commands, min(runs, 3), most)[""] for most in (1, None))
        seconds = [alone.wall, together.wall, reading("write", path), reading("read", path)]
        rates = " ".join(f"{lines / s:10,.0f}" for s in seconds)
        out.append(f"  {name:34} {rates} {alone.peak:10.0f} {lines:10,}")
    return "\n".join(out)


def kinds_apart(folder: Path, _: int, __: float) -> str:
    """A log of corrected errors alone, read with all kinds and with its own: what the others cost it."""
    path = folder / "dense"
    make("CE", path, 50_000)
    alone, together = reading("read", path, "edac", runs=7), reading("read", path, runs=7)
    return f"EDAC lines alone: read with all {len(kinds())} kinds in {together / alone:.2f} times the time of edac only"


def linear(folder: Path, _: int, __: float) -> str:
    """Twice the input takes twice the time; also of lines that are hard to tell what they are."""
    out = ["twice the input, times the time"]
    for name in ("RECORD", "OOPS", "hostile"):
        seconds = []
        for size in (1, 2):
            path = folder / "dense"
            make(name, path, size * {"RECORD": 3000, "OOPS": 1500, "hostile": 8}[name])
            seconds.append(reading("read", path))
        rate = path.stat().st_size / 1e6 / seconds[1]
        out.append(f"  {name:34} {seconds[1] / seconds[0]:5.2f} x   {rate:6.1f} MB/s")
    return "\n".join(out)


if __name__ == "__main__":
    main()
