"""`triage fleet`: flags, progress and summary; the work is in `run`, the numbers in `statistics`, the pages in
`report`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from triage.privacy import Privacy, private
from triage.terminal import LIMITS, say

if TYPE_CHECKING:
    from triage.config import Limits
    from triage.fleet.run import Settings, Summary
    from triage.fleet.statistics.gather import Statistics
    from triage.fleet.store import Store
    from triage.redact import Redactor

DONE, _, USAGE, UNREADABLE, PARTIAL = range(5)  # exit codes, as of `triage analyze`


@click.command(short_help="An archive of crashes: which of them were never software.")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--store",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the Parquet store.",
)
@click.option(
    "--html", type=click.Path(file_okay=False, path_type=Path), help="Write the fleet report as a static site."
)
@click.option(
    "--markdown", type=click.Path(dir_okay=False, path_type=Path), help="Write a summary for a ticket or a mail."
)
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write metrics for Prometheus' textfile collector.",
)
@click.option("--csv", "csv_folder", type=click.Path(file_okay=False, path_type=Path), help="Write every table as CSV.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=os.cpu_count() or 1,
    show_default="processors",
    help="Processes at work.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Work on a Dask cluster instead: tcp://host:8786.")
@click.option(
    "--time-limit",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    help="Seconds for one input; large ones get more.",
)
@click.option("--memory-limit", type=click.IntRange(min=256), default=2048, show_default=True, help="MB for one input.")
@click.option(
    "--host",
    "host_pattern",
    metavar="REGEX",
    help="Take the host's name from the path where the log has none: '/hosts/([^/]+)/'.",
)
@click.option("--retry", is_flag=True, help="Examine again what failed before.")
@click.option(
    "--vmlinux", type=click.Path(exists=True, dir_okay=False), help="Debug information for cores (build id is checked)."
)
@click.option(
    "--debug-dir",
    "debug_dirs",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Where to look for debug information.",
)
@LIMITS
@private
def fleet(paths: tuple[str, ...], folder: Path, html: Path | None, markdown: Path | None, metrics: Path | None,
          csv_folder: Path | None, jobs: int, scheduler: str | None, time_limit: float, memory_limit: int,
          host_pattern: str | None, retry: bool, vmlinux: str | None, debug_dirs: tuple[str, ...],
          limits: Limits, privacy: Privacy) -> NoReturn:  # fmt: skip
    """Take what is new in directories, archives and object stores into a store, and report on all that it holds.

    A run that was interrupted continues where it was. Without PATH only the reports are written; '-' reads paths from
    standard input.

    \b
    Examples:
      triage fleet /var/crash /srv/console --store fleet --html site
      triage fleet 's3://crashes/2026/*/' --store fleet --markdown summary.md
      find /archive -name '*.log' | triage fleet - --store fleet
      triage fleet --store fleet --metrics /var/lib/node_exporter/triage.prom
    """
    from triage.config import Options
    from triage.errors import TriageError

    try:
        from triage.fleet.run import Settings
        from triage.fleet.workers import Bounds

        settings = Settings(
            jobs=jobs, scheduler=scheduler, bounds=Bounds(time_limit, min(memory_limit << 20, limits.memory)),
            host=checked(host_pattern), retry=retry,
            options=Options(vmlinux=vmlinux, debug_dirs=debug_dirs, limits=limits),
        )  # fmt: skip
        code = perform(list(named(paths)), folder, settings, Outputs(html, markdown, metrics, csv_folder), privacy)
    except TriageError as error:
        say(f"triage: {error}", privacy.of())
        code = UNREADABLE
    except ModuleNotFoundError as error:
        click.echo(f"triage: fleets need {error.name}: pip install 'vmtriage[fleet]'", err=True)
        code = UNREADABLE
    except KeyboardInterrupt:
        click.echo("triage: interrupted; the next run continues here", err=True)
        code = 130
    sys.exit(code)


class Outputs:
    """The reports that are wanted."""

    def __init__(self, html: Path | None, markdown: Path | None, metrics: Path | None, csv_folder: Path | None) -> None:
        self.html, self.markdown, self.metrics, self.csv_folder = html, markdown, metrics, csv_folder

    def any(self) -> bool:
        """Whether there is anything to compute statistics for."""
        return any((self.html, self.markdown, self.metrics, self.csv_folder))


def checked(pattern: str | None) -> str | None:
    """The pattern, refused if it is none."""
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise click.BadParameter(f"{error}", param_hint="--host") from None
    return pattern


def named(paths: tuple[str, ...]) -> Iterator[str]:
    """The paths as given; `-` stands for a list of them on standard input, one a line."""
    for path in paths:
        if path == "-":
            yield from (line.rstrip("\n") for line in sys.stdin if line.strip())
        else:
            yield path


def perform(paths: list[str], folder: Path, settings: Settings, outputs: Outputs, privacy: Privacy) -> int:
    """Run, tell, report; returns the exit code."""
    from triage.fleet import store as stores
    from triage.fleet.progress import Progress
    from triage.fleet.run import run

    code = DONE
    with stores.opened(folder, create=bool(paths)) as store:
        if paths:
            with Progress(paths) as progress:
                summary = run(paths, store, settings, progress)
            tell(summary, privacy.of())
            code = exit_code(summary)
        if outputs.any():
            report(store, outputs, privacy)
    return code


def exit_code(summary: Summary) -> int:
    """3 if an input could not be read at all, 4 if one was read in part, else 0."""
    if summary.failed:
        return UNREADABLE
    return PARTIAL if summary.troubles else DONE


def tell(summary: Summary, redactor: Redactor | None = None) -> None:
    """The summary of a run and its failures, on stderr."""
    rate = (summary.done + summary.failed + summary.nothing) / max(summary.seconds, 1e-3)
    parts = [
        f"{summary.done:,} inputs examined", f"{summary.unchanged:,} known", f"{summary.duplicates:,} duplicates",
        f"{summary.joined:,} joined with others", f"{summary.nothing:,} without a boot",
        f"{summary.skipped:,} files of no use",
        f"{summary.failed:,} failed",
    ]  # fmt: skip
    click.echo(
        f"{summary.cases:,} new cases in {summary.seconds:.1f} s ({rate:,.0f} inputs/s): {', '.join(parts)}", err=True
    )
    for unit, failure in summary.failures:
        name = failure.source or unit
        if redactor:
            name = redactor.tokens.text("input", name)
        say(f"triage: {failure.kind}: {name}: {failure.reason}", redactor)
    if more := summary.troubles - len(summary.failures):
        click.echo(f"triage: {more:,} more failures are in the store's table `failures`", err=True)


def report(store: Store, outputs: Outputs, privacy: Privacy) -> None:
    """Write what is wanted; raises StoreError if a place cannot be written."""
    from triage.fleet.report import csv, metrics, site, summary
    from triage.fleet.statistics.gather import gather
    from triage.fleet.store import StoreError, reason

    @cache
    def seen(redactor: Redactor | None) -> tuple[Store, Statistics]:
        """The store and its statistics as one sort of output may show them."""
        if redactor is None:
            return store, gather(store)
        from triage.fleet.private import Redacted

        shown = Redacted(store, redactor)
        return shown, gather(shown)

    try:
        if outputs.csv_folder:
            csv.write(outputs.csv_folder, *seen(privacy.of()))
        if outputs.metrics:
            metrics.write(outputs.metrics, seen(privacy.of())[1])
        if outputs.html:
            site.write(outputs.html, *seen(privacy.of("site")))
        if outputs.markdown:
            shown, statistics = seen(privacy.of("markdown"))
            summary.write(outputs.markdown, statistics, shown.note)
    except OSError as error:
        raise StoreError(f"{error.filename or 'report'}: cannot write: {reason(error)}") from error
