"""One run: walk the archive, examine what is new, commit it in portions, then join the inputs that hold one crash."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from triage.config import Options
from triage.errors import TriageError
from triage.fleet import discover, merge, schema, workers
from triage.fleet.examine import Failure, Finding, Rows, Task, describe
from triage.fleet.ledger import Ledger, entry
from triage.fleet.store import Store
from triage.fleet.units import Found, Missing, Unit
from triage.fleet.workers import Bounds
from triage.report.escape import unicode

BATCH = 16  # units handed to a worker at once
BATCH_BYTES = 16 << 20  # ... unless they are large
PORTION = 2000  # units in one commit
PORTION_SECONDS = 60.0  # or what came in this time: all that a killed run loses
CONNECT_SECONDS = 30
TOLD = 20  # failures that a run tells of
AHEAD = 3  # batches in flight per worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a user may set for a run."""

    jobs: int = 1
    scheduler: str | None = None  # address of a Dask scheduler; None: processes on this machine
    bounds: Bounds = field(default_factory=Bounds)
    host: str | None = None  # pattern that finds the host's name in a path
    retry: bool = False  # examine again what failed before
    options: Options = field(default_factory=Options)


@dataclass(slots=True)
class Summary:
    """What a run did, in units unless said otherwise."""

    done: int = 0
    unchanged: int = 0
    duplicates: int = 0
    nothing: int = 0  # no boot in it
    failed: int = 0
    skipped: int = 0  # files of no use
    cases: int = 0  # cases made
    joined: int = 0  # inputs that turned out to hold a crash of another input
    troubles: int = 0  # failures, of inputs not read or in part; all are in the store's table
    failures: list[tuple[str, Failure]] = field(default_factory=list)  # the first of them, with their units' names
    began: float = field(default_factory=time.time)
    seconds: float = 0.0

    @property
    def run(self) -> str:
        """When the run began, UTC."""
        return datetime.fromtimestamp(self.began, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Progress = Callable[[Summary], None]


def run(paths: Iterable[str], store: Store, settings: Settings, progress: Progress = lambda _: None) -> Summary:
    """Take what is new under `paths` into the store; raises StoreError if the store cannot be written."""
    summary = Summary()
    sink = Sink(store, summary, Ledger.of(store))
    with executor(settings) as pool:
        tasks = sink.tasks(discover.units(paths), settings)
        for finding in examined(tasks, pool, settings):
            sink.take(finding)
            progress(summary)
        sink.flush()
        if summary.done:
            join(sink, pool, settings)
            store.compact()
    summary.seconds = time.time() - summary.began
    return summary


@contextmanager
def executor(settings: Settings) -> Iterator[Executor]:
    """Threads that each drive a child process, here or on the workers of a Dask cluster."""
    try:
        if settings.scheduler:
            with cluster(settings.scheduler) as pool:
                yield pool
        else:
            with ThreadPoolExecutor(settings.jobs) as pool:
                try:
                    yield pool
                finally:
                    pool.shutdown(wait=False, cancel_futures=True)
                    workers.close()
    finally:
        workers.close()


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """A Dask cluster as an executor; raises TriageError if it is not there."""
    try:
        from distributed import Client
    except ImportError:
        raise TriageError("--scheduler needs Dask: pip install 'vmtriage[cluster]'") from None
    try:
        client = Client(address, timeout=CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise TriageError(f"{address}: no Dask scheduler answers: {error}") from None
    with client:
        yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]


def examined(tasks: Iterable[Task], pool: Executor, settings: Settings) -> Iterator[Finding]:
    """The findings of all tasks as they come, with a bounded number in flight."""
    flying: dict[Future[list[Finding]], list[Task]] = {}
    slots = AHEAD * width(pool, settings)
    for batch in batches(tasks):
        flying[pool.submit(workers.work, batch, settings.bounds)] = batch
        if len(flying) >= slots:
            yield from landed(flying, pool, settings)
    while flying:
        yield from landed(flying, pool, settings)


def width(pool: Executor, settings: Settings) -> int:
    """How many batches can be worked on at once."""
    client = getattr(pool, "_client", None)
    return sum(client.nthreads().values()) or 1 if client is not None else settings.jobs


def landed(flying: dict[Future[list[Finding]], list[Task]], pool: Executor, settings: Settings) -> Iterator[Finding]:
    """The findings of the batches that are ready; one whose worker was lost is tried again unit by unit."""
    ready, _ = wait(flying, return_when=FIRST_COMPLETED)
    for future in ready:
        batch = flying.pop(future)
        try:
            yield from future.result()
        except Exception as error:  # whatever a cluster raises when a worker is gone for good
            if len(batch) == 1:
                yield workers.failed(batch[0], "died", describe(error))
            else:
                flying.update({pool.submit(workers.work, [task], settings.bounds): [task] for task in batch})


def batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Tasks in portions for one worker."""
    batch: list[Task] = []
    for task in tasks:
        batch.append(task)
        if len(batch) >= BATCH or sum(one.unit.size for one in batch) >= BATCH_BYTES:
            yield batch
            batch = []
    if batch:
        yield batch


class Sink:
    """Gathers findings and commits them in portions."""

    def __init__(self, store: Store, summary: Summary, ledger: Ledger) -> None:
        self.store, self.summary, self.ledger = store, summary, ledger
        self.rows: Rows = defaultdict(list)
        self.drop: set[str] = set()
        self.units, self.flushed = 0, time.monotonic()

    def tasks(self, found: Iterable[Found], settings: Settings) -> Iterator[Task]:
        """A task for each unit that is new or changed; what lies in the store as it is, is counted and passed over."""
        for unit in found:
            if isinstance(unit, Missing):
                self.take(
                    Finding(
                        Unit(unit.name, (), 0, 0),
                        status="failed",
                        failures=[Failure("refused", unit.reason)],
                    )
                )
            elif self.ledger.unchanged(unit) and not (settings.retry and self.ledger.failed(unit)):
                self.summary.unchanged += 1
            else:
                for one in (unit, *self.forget(unit)):
                    yield Task(one, self.ledger.same_size(one.size), settings.host, settings.options)

    def forget(self, unit: Unit) -> list[Unit]:
        """Take out the rows of a unit that has changed; returns the units whose rows went with it."""
        gone, others = self.ledger.forget(unit)
        self.drop |= gone
        return others

    def take(self, finding: Finding) -> None:
        """Add a finding to the portion at hand; commit the portion when it is large or old."""
        if finding.status == "done" and self.ledger.has(finding.input):
            finding.status, finding.rows, finding.cases = "duplicate", {}, []
        self.count(finding)
        for place, rows in finding.rows.items():
            self.rows[place] += rows
        self.record(finding)
        self.units += 1
        if self.units >= PORTION or time.monotonic() - self.flushed > PORTION_SECONDS:
            self.flush()

    def count(self, finding: Finding) -> None:
        """Add a finding to the run's figures."""
        summary = self.summary
        summary.done += finding.status == "done"
        summary.duplicates += finding.status == "duplicate"
        summary.nothing += finding.status == "nothing"
        summary.failed += finding.status == "failed"
        summary.skipped += finding.skipped
        summary.cases += len(finding.cases)
        summary.troubles += len(finding.failures)
        room = TOLD - len(summary.failures)
        summary.failures += [(finding.unit.name, failure) for failure in finding.failures[:room]]

    def record(self, finding: Finding, rows_of: str | None = None) -> None:
        """Write down what was taken, so that the next run passes it over."""
        unit, name = finding.unit, entry(finding.unit.name)
        place = ("inputs", self.summary.run[:7])
        if name in self.ledger.failures:
            self.drop.add(name)  # what was said of it before
        if unit.paths and not any(failure.kind == "unread" for failure in finding.failures):
            paths = [discover.clean(path) for path in unit.paths]
            self.rows[place].append({
                "input": name, "unit": unit.name, "paths": paths, "size": unit.size, "modified": unit.modified,
                "content": finding.input, "rows": rows_of or finding.input, "status": finding.status,
                "run": self.summary.run,
            })  # fmt: skip
            self.ledger.add(unit, finding.input, rows_of or finding.input, finding.status)
        self.rows["failures", place[1]] += [
            {
                "input": name,
                "unit": unit.name,
                "kind": failure.kind,
                "reason": unicode(failure.reason),
                "source": failure.source and unicode(failure.source),
                "run": self.summary.run,
            }
            for failure in finding.failures
        ]

    def replace(self, finding: Finding, contents: list[str], units: list[Unit]) -> None:
        """Put one joint finding in the place of those of its units."""
        self.drop |= {*contents, *(entry(unit.name) for unit in units)}
        for place, rows in finding.rows.items():
            self.rows[place] += rows
        for unit in units:
            content = self.ledger.content(unit)
            self.record(Finding(unit, content, failures=finding.failures if unit is units[0] else []), finding.input)
        self.summary.joined += len(contents) - 1
        self.units += 1
        if self.units >= PORTION:
            self.flush()

    def flush(self) -> None:
        """Commit the portion at hand."""
        if any(self.rows.values()) or self.drop:
            parts = {(table, month): schema.arrow(table, rows) for (table, month), rows in self.rows.items() if rows}
            self.store.commit(parts, self.drop)
        self.rows, self.drop = defaultdict(list), set()
        self.units, self.flushed = 0, time.monotonic()


def join(sink: Sink, pool: Executor, settings: Settings) -> None:
    """Examine inputs that hold one crash again, together; what then still is the same crash twice is marked as a
    copy."""
    groups: dict[str, tuple[list[str], list[Unit]]] = {}
    for contents in merge.same_crash(sink.store):
        units = sink.ledger.holders(contents)
        if merge.worth(units):
            groups[units[0].name] = contents, units
    tasks = (Task(merge.together(units), host=settings.host, options=settings.options) for _, units in groups.values())
    for finding in examined(tasks, pool, settings):
        contents, units = groups[finding.unit.name]
        if finding.status == "done":
            sink.replace(finding, contents, units)
    sink.flush()
    sink.store.mark(merge.copies(sink.store))
