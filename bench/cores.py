"""`python -m bench.cores [--runs 5]`: the answer from a core, by size of the dumped machine and beside crash(8).

Needs cores made by the lab (docs/lab.md): a case in guests of 0.25, 1, 4 and 16 GiB, with poisoned pages that the
log names and with ones it does not. crash(8) needs the debug symbols of 6.1 (`python -m tests.lab vmlinux 6.1`).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from bench.measure import side_by_side, table
from tests.lab import kernels
from tests.lab.paths import runs

ANALYZE = [sys.executable, "-m", "triage", "analyze"]
SIZES = {"1 GiB": "1g", "4 GiB": "4g", "16 GiB": "16g"}
QUESTIONS = "log\nbt -a\nkmem {page:x}\nkmem -p {page:x}\nquit\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    count = parser.parse_args().runs
    print(sizes("6.12-dentry", "sysrq", count), flush=True)
    print(sizes("6.12-unlogged", "256m", count), flush=True)
    print(beside_crash(count))


def core(case: str) -> Path | None:
    """The smallest dump of a case, if it was made."""
    found = [runs() / case / name for name in ("vmcore.zstd", "vmcore.zlib", "vmcore.elf")]
    return next((path for path in found if path.exists()), None)


def sizes(case: str, small: str, count: int) -> str:
    """One case in machines of several sizes; `small` ends the name of the one with 256 MiB."""
    names = {size: f"{case}-{ending}" for size, ending in ({"0.25 GiB": small} | SIZES).items()}
    commands = {size: [*ANALYZE, str(path)] for size, name in names.items() if (path := core(name)) is not None}
    if len(commands) < 2:
        return f"{case}: not made (python -m tests.lab make '{case}*')"
    return table(
        f"{case}, triage analyze by memory of the dumped machine", side_by_side(commands, count), next(iter(commands))
    )


def beside_crash(count: int) -> str:
    """The same core of 6.1 asked by triage and by crash(8): log, stacks, the poisoned page."""
    path = runs() / "6.1-dentry-sysrq" / "vmcore.elf"
    if not path.exists() or not shutil.which("crash"):
        return "crash(8): not measured (needs the core 6.1-dentry-sysrq and the package crash)"
    vmlinux = kernels.vmlinux(kernels.KERNELS["6.1"])
    with tempfile.TemporaryDirectory() as folder:
        questions = Path(folder) / "questions"
        questions.write_text(QUESTIONS.format(page=0x1000))
        commands = {
            "crash(8), with vmlinux": ["crash", "-s", "-i", str(questions), str(vmlinux), str(path)],
            "triage analyze, core alone": [*ANALYZE, str(path)],
            "triage analyze, with vmlinux": [*ANALYZE, str(path), "--vmlinux", str(vmlinux)],
        }
        return table("6.1, 0.25 GiB", side_by_side(commands, count), "crash(8), with vmlinux")


if __name__ == "__main__":
    main()
