"""Paths -> cases: the one place where the rooms are joined, in the direction in which data flows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

from triage import inputs
from triage.config import Limits, Options
from triage.errors import InputError, TriageError
from triage.inputs import LogText
from triage.inputs.buffers import digest
from triage.model import Case, CoreFacts, Crash, Event, HardwareError, MemoryFailure, Note, Site, Source

HASHED = 128 << 20  # bytes of a core that are hashed for the report: about 0.2 s


@dataclass(slots=True)
class Analysis:
    """What came of one run: the cases, and what could not be done."""

    cases: list[Case] = field(default_factory=list)
    refused: list[InputError] = field(default_factory=list)  # inputs that could not be read at all
    notes: list[Note] = field(default_factory=list)  # inputs read in part, with the reason
    skipped: list[inputs.Skipped] = field(default_factory=list)  # files of directories and archives that are of no use
    sites: list[Site] = field(default_factory=list)
    events: int = 0
    untold: int = 0  # errors that do not say how bad they are, where there is no case
    beside: list[Note] = field(default_factory=list)  # what the BMC tells, where there is no case
    seconds: float = 0.0
    sources: list[Source] = field(default_factory=list)


def analyze(
    paths: Sequence[str], options: Options | None = None, *, reading: AbstractContextManager[Any] | None = None
) -> Analysis:
    """All cases in the given files, directories and streams; a bad input is recorded and never ends the run.

    A context manager `reading` that swallows what ends the reading early (a signal, a lack of memory) gets a verdict on
    what was read before.
    """
    began, whole = time.monotonic(), False
    material = Material(options or Options())
    with reading or nullcontext():
        material.read(inputs.find(paths, limits=material.options.limits))
        whole = True
    analysis, logs = material.analysis, material.logs
    if not whole:
        analysis.notes.append(Note(text="the reading of the inputs ended early; what was read before is analysed"))
    analysis.events = sum(len(found) for _, found in logs)
    analysis.sources = [source(text) for text, _ in logs]
    cases = judge_logs(logs, material.facts, material.side)
    analysis.cases = [noted(case, analysis.notes) for case in cases]
    if not cases:
        analysis.untold, analysis.beside = untold(logs), told_beside(material.side)
    analysis.sites = crash_sites(analysis.cases)
    analysis.seconds = time.monotonic() - began
    return analysis


@dataclass(slots=True)
class Material:
    """What is judged; wherever the reading ends, what was read before is in it."""

    options: Options
    analysis: Analysis = field(default_factory=Analysis)
    logs: list[tuple[LogText, list[Event]]] = field(default_factory=list)
    facts: list[CoreFacts] = field(default_factory=list)
    side: list[inputs.SideFile] = field(default_factory=list)

    def read(self, found: Iterable[inputs.Found]) -> None:
        """Logs as they come, then cores: what the logs say is asked of them."""
        for core in [one for one in found if self.take(one)]:
            self.facts += read_cores([core], self.logs, self.options, self.analysis)
        if self.options.vmlinux or self.options.debug_dirs:
            self.logs = [(text, with_source_lines(found, self.options, self.analysis)) for text, found in self.logs]

    def take(self, found: inputs.Found) -> TypeGuard[inputs.CoreFile]:
        """Keep what was found; True for a core, which waits for the logs."""
        analysis = self.analysis
        match found:
            case inputs.Refused(partial=True):
                analysis.notes.append(Note(text=found.reason, source=found.name))
            case inputs.Refused():
                analysis.refused.append(InputError(found.name, found.reason))
            case inputs.Skipped():
                analysis.skipped.append(found)
            case inputs.SideFile():
                self.side.append(found)
            case LogText():
                self.take_log(found)
            case inputs.CoreFile():
                analysis.notes += [Note(text=note, source=found.name) for note in found.notes]
                return True
        return False

    def take_log(self, text: LogText) -> None:
        """The events of one log, as far as they are read."""
        told = list[Event]()
        self.logs.append((text, told))
        for event in up_to(self.options.limits.events, events(text, self.options.limits, self.options.processes), text):
            told.append(event)
        self.analysis.notes += [Note(text=note, source=text.name) for note in text.notes]


def told_beside(side: Sequence[inputs.SideFile]) -> list[Note]:
    """The memory events in the BMC's logs."""
    from triage.correlate import board

    return board.bmc_notes(board.bmc_told(side))


def noted(case: Case, notes: Sequence[Note]) -> Case:
    """The case with those of the notes on inputs that concern it."""
    return replace(case, notes=(*case.notes, *concerning(case, notes)))


def concerning(case: Case, notes: Sequence[Note]) -> Iterator[Note]:
    """Those of the notes on inputs that concern a case: on its sources, and on archives and directories around them."""
    paths = {source.path for source in case.boot.sources}
    for note in notes:
        around = tuple(f"{note.source}{mark}" for mark in "!/")
        if note.source is None or note.source in paths or any(path.startswith(around) for path in paths):
            yield note


def crash_sites(cases: Sequence[Case]) -> list[Site]:
    """The table hardware error -> crash site, where there is more than one crash after an error to compare."""
    if sum(1 for case in cases if case.crash and (case.pages or case.errors)) < 2:
        return []
    from triage.correlate import tables

    return tables.sites(cases)


def events(text: LogText, limits: Limits | None = None, processes: int = 1) -> Iterator[Event]:
    """The events of one log."""
    from triage.logs.parts import Parts

    return iter(Parts(text, limits or Limits(), lambda event: event, processes))


T = TypeVar("T")


def up_to(
    limit: int, found: Iterable[T], text: LogText, last_line: Callable[[T], int] = attrgetter("last_line")
) -> Iterator[T]:
    """The first `limit` events of a log, or what was made of them; that there are more is noted with it."""
    last = None
    for count, event in enumerate(found):
        if count == limit:
            behind = 0 if last is None else last_line(last)
            text.notes += (f"more than {limit} events; what is behind line {behind} is not analysed",)
            return
        yield event
        last = event


def judge_logs(
    logs: Iterable[tuple[LogText, Sequence[Event]]],
    cores: Sequence[CoreFacts] = (),
    side: Sequence[inputs.SideFile] = (),
) -> list[Case]:
    """The cases of logs whose events are known, and of cores that were inspected."""
    from triage.correlate import board, boots, judge

    grouped = boots.group([boots.LogEvents(source(text), tuple(found)) for text, found in logs], cores)
    return [case for boot in grouped if (case := judge(board.enrich(boot, side)))]


def untold(logs: Iterable[tuple[LogText, Sequence[Event]]]) -> int:
    """How many hardware errors of the logs do not say how bad they are."""
    from triage.correlate import copies

    return sum(copies.untold([e for e in found if isinstance(e, HardwareError)]) for _, found in logs)


def with_source_lines(found: list[Event], options: Options, analysis: Analysis) -> list[Event]:
    """The events with file and line on their traces; if no vmlinux fits, unchanged and a note says so."""
    from triage.vmcore.symbolize import find_vmlinux, symbolized

    crashes = [event for event in found if isinstance(event, Crash)]
    release = next((crash.kernel for crash in crashes if crash.kernel), None)
    vmlinux = options.vmlinux or find_vmlinux(options.debug_dirs, release)
    if not crashes or vmlinux is None:
        return found
    try:
        told = iter(symbolized(crashes, vmlinux))
    except TriageError as error:
        analysis.notes.append(Note(text=f"no source lines: {error}", source=vmlinux))
        return found
    return [next(told) if isinstance(event, Crash) else event for event in found]


def source(text: LogText) -> Source:
    """Where events came from, for the report's provenance."""
    return Source(
        kind="core" if text.format and text.format.startswith("vmcore") else "log",
        path=text.name,
        sha256=text.sha256,
        size=text.size,
        host=text.host,
        boot=text.boot_id,
        format=text.format,
    )


def read_cores(
    cores: Sequence[inputs.CoreFile], logs: list[tuple[LogText, list[Event]]], options: Options, analysis: Analysis
) -> list[CoreFacts]:
    """The facts of the cores that can be opened; the log out of each is added to `logs`."""
    facts = list[CoreFacts]()
    for core in cores:
        if (known := inspect(core, logs, options, analysis)) is not None:
            facts.append(known)
            text = core_log(core, known)
            logs.append((text, list(events(text))))
    return facts


def inspect(
    core: inputs.CoreFile, logs: Sequence[tuple[LogText, Sequence[Event]]], options: Options, analysis: Analysis
) -> CoreFacts | None:
    """The facts of one core; a core that cannot be opened is recorded and the logs beside it are still analysed."""
    told = [event for _, found in logs for event in found]
    pfns = {e.pfn for e in told if isinstance(e, MemoryFailure) and e.pfn is not None}
    bad = (e.physical_address for e in told if isinstance(e, HardwareError) and e.severity != "corrected")
    try:
        facts = core_facts(
            core,
            pfns=sorted(pfns),
            addresses=sorted({address for address in bad if address is not None}),
            vmlinux=options.vmlinux,
            debug_dirs=options.debug_dirs,
            debuginfod=options.debuginfod,
            minicore=options.minicore,
            timeout=options.core_timeout,
        )
    except InputError as error:
        analysis.refused.append(error)
        return None
    analysis.notes += [Note(text=note, source=core.name) for note in facts.notes]
    return facts


def core_facts(core: inputs.CoreFile, **asked: Any) -> CoreFacts:
    """What `vmcore.inspect` says of a core, under the name that its user knows; it may lie unpacked somewhere else."""
    from triage import vmcore

    try:
        facts = vmcore.inspect(core.path, **asked)
    except InputError as error:
        raise type(error)(core.name, error.reason) from None
    return replace(facts, path=core.name)


def one_core(path: str) -> inputs.CoreFile:
    """The core at a path, unpacked if it is compressed; InputError if it is none."""
    for found in inputs.find([path]):
        if isinstance(found, inputs.CoreFile):
            return found
        if isinstance(found, inputs.Refused):
            raise InputError(found.name, found.reason)
    raise InputError(path, "not a vmcore")


def core_log(core: inputs.CoreFile, facts: CoreFacts) -> LogText:
    """The kernel log out of a core, ready to parse; size and hash are those of the core file.

    A core above HASHED bytes has no hash in the report: reading it again would take longer than the answer.
    """
    size = core.size if core.held else Path(core.path).stat().st_size
    return LogText(
        name=facts.path,
        data=(facts.log or "").encode("utf-8", "surrogateescape"),
        host=facts.host,
        size=size,
        sha256=core.sha256 if core.held else digest(core.path) if size and size <= HASHED else None,
        format=f"vmcore ({facts.format})",
        kernel=facts.kernel,
    )
