"""One target under atheris: `python -m tests.fuzz.run TARGET CORPUS [libFuzzer options]`; ends with 77 at a crash."""

from __future__ import annotations

import shutil
import sys

import atheris

with atheris.instrument_imports(include=["triage"]):
    from tests.fuzz.targets import TARGETS, scratch
    from triage import mapfile, pipeline  # noqa: F401  instrumented here, imported late by the targets
    from triage.correlate import board, judge  # noqa: F401
    from triage.inputs import formats, layouts, tree, walk  # noqa: F401
    from triage.logs import parse, parts  # noqa: F401
    from triage.vmcore import btf, corenotes, detect, flattened, parent, wire  # noqa: F401

    if "symbols" in TARGETS:  # needs drgn
        from triage.vmcore import kallsyms, kernellog, opening, orc  # noqa: F401


def main() -> None:
    """Fuzz until libFuzzer's options say stop."""
    target = TARGETS[sys.argv[1]]
    folder = scratch()
    try:
        atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
        atheris.Fuzz()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
