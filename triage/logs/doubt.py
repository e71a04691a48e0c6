"""Whether a report can be trusted as a whole: consoles lose lines and mix the reports of several CPUs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from triage.logs.blame import Trail
from triage.logs.kinds._clues import Clue

MERGED = re.compile(r"\[ *\d+\.\d+\]")
KINDS = re.compile(r"(?i)(call trace|backtrace|allocated|freed|uninit)")


def doubt(title: str, clues: tuple[Clue, ...], trail: Trail | None, *, reason: str | None, stack: bool) -> str | None:
    """The reason not to trust the report, if there is one; `stack`: a whole report of this kind has a call trace."""
    if trail and trail.mixed:
        return "the trace of an injected failure mixed in"
    if trail and not trail.whole:
        return "no function to blame"
    if reason or MERGED.search(title):
        return reason or "lines of two messages are merged"
    if not stack:
        return None
    first: dict[str, bool] = {}  # of each kind of trace, whether the first has frames
    for at, clue in enumerate(clues):
        if clue.kind == "trace":
            first.setdefault(kind(clue.name), followed(clues[at + 1 :]))
    if not any(first.values()):
        return "no call trace"
    return None if all(has for name, has in first.items() if name) else "a call trace without frames"


def kind(heading: str) -> str:
    """What a heading of a trace announces; empty where frames need not follow."""
    found = KINDS.match(heading)
    return found[1].lower() if found else ""


def followed(clues: Iterable[Clue]) -> bool:
    """Whether a trace that began has a frame, or says that it has none."""
    return next((clue.kind for clue in clues if clue.kind in ("frame", "none", "trace")), "trace") != "trace"
