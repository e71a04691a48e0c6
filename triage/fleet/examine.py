"""One unit of work to rows: read its files, judge its boots. Runs in a child process; knows nothing of the store."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from triage import pipeline
from triage.config import Options
from triage.correlate import board, boots, judge, scene
from triage.fleet import exposure, identity, remote, rows
from triage.fleet.units import Unit
from triage.inputs import Found, Refused, Skipped, find
from triage.inputs.buffers import digest
from triage.logs.clock import wall_seconds
from triage.model import Boot, Case, Note

# `127.0.0.1-2026-11-23-02:11:47`, `202611230211`, `2026-11-23T02:11`: when a crash directory was made.
DATED = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?:[-_T]?([0-2]\d)[:-]?([0-5]\d)(?:[:-]?([0-5]\d))?)?(?!\d)")

Rows = dict[tuple[str, str], list[rows.Row]]  # (table, month) -> rows


@dataclass(frozen=True, slots=True)
class Task:
    """A unit to examine. `known`: inputs of the same size that the store has; `host`: pattern that finds the host's
    name in the path."""

    unit: Unit
    known: frozenset[str] = frozenset()
    host: str | None = None
    options: Options = field(default_factory=Options)


class Failure(NamedTuple):
    """What could not be read of a unit, or not all of it, and why."""

    kind: str  # see the table `failures`
    reason: str
    source: str | None = None  # a file of the unit; None: the unit


@dataclass(slots=True)
class Finding:
    """What came of a unit: its identity, its rows, and what could not be read."""

    unit: Unit
    input: str = ""
    status: str = "done"  # done | duplicate | nothing | failed
    rows: Rows = field(default_factory=dict)
    cases: list[str] = field(default_factory=list)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)  # case -> its identities
    failures: list[Failure] = field(default_factory=list)
    skipped: int = 0  # files of no use


def examine(task: Task) -> Finding:
    """The finding of one unit; raises OSError if a file vanished, whatever else is wrong is in the finding."""
    if not any(map(remote.is_remote, task.unit.paths)):
        return found_in(task, task.unit.paths, {})
    with remote.fetched(task.unit) as fetched:
        return found_in(task, tuple(fetched), fetched)


def found_in(task: Task, paths: Sequence[str], names: Mapping[str, str]) -> Finding:
    """The finding of a unit whose files lie at `paths` on this machine; `names`: what some of them are called."""
    finding = Finding(task.unit)
    finding.input = content(paths)
    if finding.input in task.known:
        finding.status = "duplicate"
        return finding
    material = pipeline.Material(task.options)
    material.read(files_of(paths, names, task.options))
    analysis = material.analysis
    found = boots.group(
        [boots.LogEvents(pipeline.source(text), tuple(events)) for text, events in material.logs], material.facts
    )
    spans = {text.name: exposure.segments(text) for text, _ in material.logs}
    told = [board.enrich(boot, material.side) for boot in found]
    cases = [judged(boot, analysis.notes) for boot in told]
    for number, (boot, case) in enumerate(zip(told, cases, strict=True)):
        capture = scene.is_capture(boot)
        if capture and (crash := crashed(number, told, cases)) is not None:
            join_capture(finding, task, boot, crash)
        elif case or not capture:
            add(finding, task, boot, case, number, spans)
    finding.skipped = sum(skipped.count for skipped in analysis.skipped)
    finding.failures = [Failure("refused", e.reason, e.path) for e in analysis.refused]
    finding.failures += [Failure("partial", n.text, n.source) for n in analysis.notes]
    if not finding.rows:
        finding.status = "failed" if analysis.refused else "nothing"
    return finding


def crashed(number: int, boots: Sequence[Boot], cases: Sequence[Case | None]) -> int | None:
    """The boot whose crash a capture kernel follows: the one before it in its log, or the only one of the unit; None
    where it is not known, or the capture kernel crashed too."""
    if (own := cases[number]) and own.crash:
        return None
    if number and boots[number - 1].followed_by == "capture-kernel":
        return number - 1
    others = [place for place, case in enumerate(cases) if case and case.crash]
    return others[0] if len(others) == 1 else None


def judged(boot: Boot, notes: Sequence[Note]) -> Case | None:
    """The case of a boot, which says what of its inputs could not be read; None where nothing happened."""
    case = judge(boot)
    return pipeline.noted(case, notes) if case else None


def content(paths: Sequence[str]) -> str:
    """The identity of what files hold together; raises OSError."""
    found = [digest(path) for path in files(paths)]
    return found[0] if len(found) == 1 else identity.of_content(found)


def files(paths: Sequence[str]) -> list[str]:
    """The files at some paths, those of a directory tree one by one."""
    return [
        str(file)
        for path in paths
        for file in (sorted(p for p in Path(path).rglob("*") if p.is_file()) if Path(path).is_dir() else [path])
    ]


def files_of(paths: Sequence[str], names: Mapping[str, str], options: Options) -> Iterator[Found]:
    """What the files of a unit hold, under the names that the user knows; what is merely something else is skipped."""
    for found in find(paths, limits=options.limits):
        found = replace(found, name=called(found.name, names)) if names else found
        if isinstance(found, Refused) and found.foreign:
            found = Skipped(found.name, found.reason, 1)
        yield found


def called(name: str, names: Mapping[str, str]) -> str:
    """The name of a file, or of a member of it, as the user knows it."""
    for path, shown in names.items():
        if name.startswith(path):
            return shown + name[len(path) :]
    return name


def add(
    finding: Finding, task: Task, boot: Boot, case: Case | None, number: int, spans: dict[str, list[exposure.Segment]]
) -> None:
    """Add one boot's rows to the finding."""
    if not boot.events and boot.core is None:
        return
    begin, end = seen_times(boot, spans)
    wall, source = wall_time(boot, case, task.unit)
    seen = rows.Seen(
        input=finding.input, unit=task.unit.name, number=number, host=host(boot, task),
        begin=begin, end=end, wall=wall, wall_source=source,
    )  # fmt: skip
    month = rows.month(wall)
    for table, made in rows.rows(boot, case, seen).items():
        if made:
            finding.rows.setdefault((table, month), []).extend(made)
    if case:
        finding.cases.append(seen.boot)
        finding.keys[seen.boot] = identity.keys(boot, case)


def join_capture(finding: Finding, task: Task, boot: Boot, number: int) -> None:
    """Add what a capture kernel found of errors to the boot whose crash it follows; it is no boot of its own."""
    month = rows.month(wall_time(boot, None, task.unit)[0])
    seen = rows.Seen(input=finding.input, unit=task.unit.name, number=number, host=host(boot, task))
    if errors := rows.rows(boot, None, seen)["errors"]:
        finding.rows.setdefault(("errors", month), []).extend(errors)


def seen_times(boot: Boot, spans: dict[str, list[exposure.Segment]]) -> tuple[float | None, float | None]:
    """The printk times between which a boot was seen, over all of its logs."""
    found = []
    for source in boot.sources:
        lines = [(e.first_line, e.last_line) for e in boot.events if e.source == source.path]
        found.append(exposure.span(spans.get(source.path, []), lines))
    begins = [begin for begin, _ in found if begin is not None]
    ends = [end for _, end in found if end is not None]
    return (min(begins), max(ends)) if begins and ends else (None, None)


def wall_time(boot: Boot, case: Case | None, unit: Unit) -> tuple[float | None, str | None]:
    """When it happened, Unix seconds, and who says so: the log, the core, the name of the directory, the file's
    date."""
    events = [case.crash] if case and case.crash else []
    told = next((e.wall_time for e in [*events, *reversed(boot.events)] if e.wall_time is not None), None)
    if told is not None:
        return told, "log"
    if boot.core and boot.core.crash_time is not None:
        return boot.core.crash_time, "core"
    if match := DATED.search(unit.name):
        year, month, day, hour, minute, second = (part or "00" for part in match.groups())
        if (found := wall_seconds(f"{year}-{month}-{day}T{hour}:{minute}:{second}")) is not None:
            return found, "path"
    return unit.modified / 1e9, "file"


def host(boot: Boot, task: Task) -> str | None:
    """The host as the archive's path names it, where the user said how."""
    match = re.search(task.host, task.unit.name) if task.host and not boot.host else None
    return match[match.re.groups and 1] if match else None


def describe(error: BaseException) -> str:
    """An error in one line."""
    words: Any = getattr(error, "strerror", None) or str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
