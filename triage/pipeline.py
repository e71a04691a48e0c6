"""Paths -> cases: the one place where the rooms are joined, in the direction in which data flows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from triage import inputs
from triage.config import Options
from triage.errors import InputError, TriageError
from triage.inputs import LogText
from triage.model import Case, CoreFacts, Crash, Event, MemoryFailure, Note, Source


@dataclass(slots=True)
class Analysis:
    """What came of one run: the cases, and what could not be done."""

    cases: list[Case] = field(default_factory=list)
    refused: list[InputError] = field(default_factory=list)  # inputs that could not be read at all
    notes: list[Note] = field(default_factory=list)  # inputs read in part, with the reason
    skipped: list[inputs.Skipped] = field(default_factory=list)  # files of directories and archives that are of no use
    events: int = 0
    sources: list[Source] = field(default_factory=list)


def analyze(paths: Sequence[str], options: Options | None = None) -> Analysis:
    """All cases in the given files, directories and streams; a bad input is recorded and never ends the run."""
    options = options or Options()
    analysis = Analysis()
    logs, cores, side = list[tuple[LogText, list[Event]]](), list[inputs.CoreFile](), list[inputs.SideFile]()
    for found in inputs.find(paths):
        match found:
            case inputs.Refused():
                analysis.refused.append(InputError(found.name, found.reason))
            case inputs.Skipped():
                analysis.skipped.append(found)
            case inputs.SideFile():
                side.append(found)
            case inputs.CoreFile():
                cores.append(found)
            case LogText():
                logs.append((found, list(events(found))))
                analysis.notes += [Note(text=note, source=found.name) for note in found.notes]
    facts = [core for core in (inspect(core, logs, options, analysis) for core in cores) if core]
    logs += [(text, list(events(text))) for text in map(core_log, facts) if text]
    if options.vmlinux:
        logs = [(text, with_source_lines(found, options.vmlinux, analysis)) for text, found in logs]
    analysis.events = sum(len(found) for _, found in logs)
    analysis.sources = [source(text) for text, _ in logs]
    analysis.cases = judge_logs(logs, facts, side)
    return analysis


def events(text: LogText) -> Iterator[Event]:
    """The events of one log."""
    from triage.logs.parse import Parser

    return Parser(text).events()


def judge_logs(
    logs: Iterable[tuple[LogText, Sequence[Event]]],
    cores: Sequence[CoreFacts] = (),
    side: Sequence[inputs.SideFile] = (),
) -> list[Case]:
    """The cases of logs whose events are known, and of cores that were inspected."""
    from triage.correlate import board, boots, judge

    grouped = boots.group([boots.LogEvents(source(text), tuple(found)) for text, found in logs], cores)
    return [case for boot in grouped if (case := judge(board.enrich(boot, side)))]


def with_source_lines(found: list[Event], vmlinux: str, analysis: Analysis) -> list[Event]:
    """The events with file and line on their traces; if vmlinux does not fit, unchanged and a note says so."""
    from triage.vmcore.symbolize import symbolized

    crashes = [event for event in found if isinstance(event, Crash)]
    try:
        told = iter(symbolized(crashes, vmlinux))
    except TriageError as error:
        analysis.notes.append(Note(text=f"no source lines: {error}", source=vmlinux))
        return found
    return [next(told) if isinstance(event, Crash) else event for event in found]


def source(text: LogText) -> Source:
    """Where events came from, for the report's provenance."""
    return Source(
        path=text.name, sha256=text.sha256, size=text.size, host=text.host, boot=text.boot_id, format=text.format
    )


def inspect(
    core: inputs.CoreFile, logs: Sequence[tuple[LogText, Sequence[Event]]], options: Options, analysis: Analysis
) -> CoreFacts | None:
    """The facts of one core; a core that cannot be opened is recorded and the logs beside it are still analysed."""
    from triage import vmcore

    pfns = {e.pfn for _, found in logs for e in found if isinstance(e, MemoryFailure) and e.pfn is not None}
    try:
        facts = vmcore.inspect(
            core.path,
            pfns=sorted(pfns),
            vmlinux=options.vmlinux,
            debug_dirs=options.debug_dirs,
            minicore=options.minicore,
            timeout=options.core_timeout,
        )
    except TriageError as error:
        analysis.refused.append(error if isinstance(error, InputError) else InputError(core.name, str(error)))
        return None
    analysis.notes += [Note(text=note, source=core.name) for note in facts.notes]
    return replace(facts, path=core.name)


def core_log(facts: CoreFacts) -> LogText | None:
    """The kernel log out of a core, ready to parse."""
    if not facts.log:
        return None
    data = facts.log.encode("utf-8", "surrogateescape")
    return LogText(name=facts.path, data=data, host=facts.host, size=len(data), format="vmcore")
