"""Whether a report can be trusted as a whole: consoles lose lines and mix the reports of several CPUs."""

from __future__ import annotations

import re

from triage.logs.blame import names
from triage.model import Crash

MERGED = re.compile(r"\[ *\d+\.\d{6}\]")
DROPPED = "printk messages dropped"
ALONE = {"oops", "sanitizer", "bug"}  # kinds that speak of one task
WHOLE = re.compile(r"(?i)call trace|backtrace|(?:allocated|freed) by task \d+")  # traces that always have frames


def doubt(crash: Crash, *, stack: bool, frameless: bool) -> str | None:
    """The reason not to trust the report, if there is one; `stack`: a whole report of this kind has a call trace."""
    if any(MERGED.search(line) for line in crash.header):
        return "lines of two messages are merged"
    if frameless:
        return "no function to blame"
    if any(DROPPED in raw for _, raw in crash.lines):
        return "the console lost lines"
    if crash.interrupted:
        return "another report in the middle"
    if crash.kind in ALONE and any(
        f.reliable and names("foreign").fullmatch(f.function) for trace in crash.traces for f in trace.frames
    ):
        return "the trace of an injected failure mixed in"
    if crash.kind in ALONE and not crash.caller and len(crash.detail.get("processors", ())) > 1:
        return "reports of several tasks are mixed"
    if crash.kind == "oops" and crash.registers and len({bool(trace.heading) for trace in crash.traces}) > 1:
        return "call trace entries outside of a call trace"
    if not stack:
        return None
    if not crash.traces:
        return "no call trace"
    if any(not trace.frames for trace in crash.traces if WHOLE.match(trace.heading)):
        return "a call trace without frames"
    return None
