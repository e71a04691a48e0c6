"""All targets, one after the other, each for its share of the time: `python -m tests.fuzz --minutes 30 [TARGET...]`.

The corpus grows in build/fuzz/TARGET and is used again; an input that breaks a target is left in build/fuzz and ends
the run with exit code 1. Move it to tests/fuzz/crashes once it is understood: it is then tested for ever.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
LONGEST, SLOWEST = 16384, 20  # bytes of an input; seconds for one


def main() -> int:
    """0 if no target broke."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz")
    options.add_argument("--minutes", type=float, default=10.0, help="of all targets together")
    options.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    chosen = options.parse_args()
    names = chosen.targets or list(TARGETS)
    broken = [name for name in names if fuzz(name, chosen.minutes * 60 / len(names))]
    print(f"broken: {', '.join(broken)}; the inputs are in build/fuzz" if broken else "nothing found")
    return 1 if broken else 0


def fuzz(name: str, seconds: float) -> bool:
    """Whether a target broke within that time."""
    corpus = ROOT / "build" / "fuzz" / name
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds(name):
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    print(f"== {name}: {seconds:.0f} s", flush=True)
    command = [sys.executable, "-m", "tests.fuzz.run", name, str(corpus), f"-max_total_time={max(1, int(seconds))}"]
    limits = [f"-max_len={LONGEST}", f"-timeout={SLOWEST}", "-rss_limit_mb=2048", "-print_final_stats=1"]
    return subprocess.run([*command, *limits, f"-artifact_prefix={corpus}-"], cwd=ROOT, check=False).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
