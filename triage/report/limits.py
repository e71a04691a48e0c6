"""How much a report shows: a storm of thousands of errors or an archive of cases must not make it endless."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one document shows at most; everything left out is counted in its place."""

    cases: int = 40  # cases shown in full, the others only in the table of contents
    listed: int = 1000  # rows of the table of contents
    pages: int = 24
    rows: int = 24  # error records, findings, what-if answers, notes ...
    frames: int = 12  # frames of a trace that are not folded
    folded: int = 200  # frames of a trace at all
    records: int = 60  # log records whose lines are shown
    record_lines: int = 90  # lines of one record
    line: int = 600  # characters of one line
    alike: int = 3  # records of one kind that are shown before the rest of the storm is only counted


FULL = Limits()
SHORT = Limits(cases=20, pages=8, rows=10, frames=8, folded=40, records=20, record_lines=30, line=300, alike=2)
BRIEF = Limits(cases=8, listed=500, pages=3, rows=4, frames=6, folded=12, records=6, record_lines=12, line=160, alike=1)
