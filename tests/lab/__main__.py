"""python -m tests.lab: make real vmcores with known answers.

python -m tests.lab list [CASE ...]
python -m tests.lab make [--half] [--again] [CASE ...]
python -m tests.lab prepare            host packages, kernels and initramfs images only
python -m tests.lab vmlinux KERNEL     debug symbols of a kernel, to compare DWARF with BTF
"""

import argparse
import shutil
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from . import arm64, cases, initramfs, judge, kernels, ordinary, shell, truth
from .cases import Case
from .errors import LabError
from .paths import runs


def main(arguments: list[str] | None = None) -> int:
    """The command line; the exit code is 1 when a case failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.lab", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("action", choices=("list", "make", "judge", "prepare", "vmlinux"))
    parser.add_argument("names", nargs="*", help="cases, as shell patterns; all without any")
    parser.add_argument("--half", action="store_true", help="only the representative cases")
    parser.add_argument("--again", action="store_true", help="make finished cases anew")
    parser.add_argument("--dwarf", action="store_true", help="judge with debug symbols too, where 'vmlinux' got them")
    parser.add_argument("--minicore", action="store_true", help="judge a minicore of each case too")
    parser.add_argument("--table", type=Path, help="write the judgements as a Markdown table")
    options = parser.parse_intermixed_args(arguments)
    try:
        return _act(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1


def _act(options: argparse.Namespace) -> int:
    if options.action == "vmlinux":
        for name in options.names:
            print(kernels.vmlinux(kernels.KERNELS[name]))
        return 0
    if options.action == "prepare":
        shell.install_packages()
        for kernel in kernels.KERNELS.values():
            print(initramfs.build(kernel, kdump=False))
        return 0
    chosen = cases.select(cases.load(), options.names, options.half)
    if options.action == "list":
        for case in chosen:
            print(f"{_state(case):8} {case.name}")
        return 0
    if options.action == "judge":
        return judge_all(chosen, options)
    shell.install_packages()
    return make_all(chosen, options.again)


def judge_all(chosen: list[Case], options: argparse.Namespace) -> int:
    """Judge the tool on each case that is made; the exit code is 1 when anything was wrong."""
    rows, outcomes = [judge.header()], Counter[str]()
    print(rows[0])
    made = [case for case in chosen if _state(case) == "made"]
    for case in made:
        for judgement in judge.judge(case, options.dwarf, options.minicore):
            outcomes[judgement.outcome] += 1
            rows.append(judgement.row())
            print(rows[-1], flush=True)
    counts = f"{outcomes['right']} right, {outcomes['lost']} with fields lost to the dump, {outcomes['wrong']} wrong"
    summary = f"{outcomes.total()} cores of {len(made)} cases: {counts}; not made, or stale: {len(chosen) - len(made)}"
    print(summary)
    if options.table:
        options.table.write_text("\n".join([judge.INTRODUCTION, *rows, "", summary]) + "\n")
    return 1 if outcomes["wrong"] or not made else 0


def make_all(chosen: list[Case], again: bool) -> int:
    """Make each case that is not there yet; one that fails is reported and the next one begun."""
    failed = 0
    for case in chosen:
        if _state(case) == "made" and not again:
            print(f"kept     {case.name}", flush=True)
            continue
        begun = time.monotonic()
        try:
            make(case)
            print(f"made     {case.name} ({time.monotonic() - begun:.0f} s)", flush=True)
        except (LabError, OSError) as error:
            failed += 1
            print(f"FAILED   {case.name}: {error}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED   {case.name}: {traceback.format_exc()}", flush=True)
    truth.settle_what_if(runs())
    print(f"{len(chosen) - failed} of {len(chosen)} cases in {runs()}")
    return 1 if failed else 0


def make(case: Case) -> None:
    """Make one case in runs/CASE.partial, and name it runs/CASE when it is whole."""
    partial, final = runs() / (case.name + ".partial"), runs() / case.name
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    begun = time.monotonic()
    known = arm64.make(case, partial) if case.death == "sea" else ordinary.make(case, partial)
    truth.write(partial, known | {"seconds": round(time.monotonic() - begun, 1)})
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)


def _state(case: Case) -> str:
    return truth.state(runs() / case.name, case)


if __name__ == "__main__":
    sys.exit(main())
