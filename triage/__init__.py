"""Crash dump and log triage for the Linux kernel: did a memory error kill this machine?

>>> import triage
>>> case = triage.analyze("vmcore-dmesg.txt")      # one boot, judged
>>> case.verdict.cause, case.verdict.confidence
('memory-error', 'likely')
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from pandas import DataFrame

    from triage.model import Case

__version__ = "0.1.0"
__all__ = ["analyze", "analyze_all", "tables"]


def analyze(*paths: str | PathLike[str]) -> Case:
    """The last case of the given inputs (a crash before a boot without one); raises TriageError if there is none."""
    from triage.errors import InputError

    cases = analyze_all(*paths)
    if not cases:
        raise InputError(", ".join(map(str, paths)), "no crash and no uncorrected hardware error")
    return next((case for case in reversed(cases) if case.crash), cases[-1])


def analyze_all(*paths: str | PathLike[str]) -> list[Case]:
    """Every case of the given inputs, in time order; raises TriageError if none of them can be read."""
    from triage import pipeline

    analysis = pipeline.analyze([str(path) for path in paths])
    if analysis.refused and not analysis.sources:
        raise analysis.refused[0]
    return analysis.cases


def tables(cases: list[Case]) -> dict[str, DataFrame]:
    """Typed pandas tables of cases: cases, crashes, errors, pages, links, sites (hardware error -> crash site)."""
    from triage.correlate import tables as correlate_tables

    return correlate_tables.tables(cases)
