"""Commands and flags; everything heavy is imported where it is used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

import click

from triage import __version__
from triage.fleet.command import fleet
from triage.privacy import Privacy, private
from triage.terminal import INTERRUPTED, LIMITS, Commands, Reading, say, waiting, write

if TYPE_CHECKING:
    from triage.config import Limits
    from triage.model import Event
    from triage.pipeline import Analysis
    from triage.redact import Redactor

DONE, FAIL_ON, USAGE, UNREADABLE, PARTIAL = range(5)  # exit codes; precedence 2, 3, 1, 4

HELP = """Say what killed a Linux machine, how sure that is, and what proves it.

\b
Examples:
  triage analyze dmesg.txt                      the verdict of one log
  triage analyze vmcore vmcore-dmesg.txt        a core and its log, one case
  triage analyze /var/crash/127.0.0.1-2026-11-23-02:11:47 --html report.html
  journalctl -k -o json | triage analyze -      from a pipe
  triage log console.log --jsonl                the events, one per line
  triage page vmcore 0x40272d                   everything known of a page
  triage fleet /crashes --store store --html site   an archive of crashes
"""


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="triage")
def main() -> None:
    pass


main.add_command(fleet)
PATHS = click.argument("paths", nargs=-1, required=True, metavar="PATH...")


@main.command(short_help="The verdict of crashes and hardware errors.")
@PATHS
@click.option("--html", type=click.Path(dir_okay=False), help="Write the report as one HTML file.")
@click.option("--markdown", type=click.Path(dir_okay=False), help="Write GitHub-flavoured Markdown for a ticket.")
@click.option("--text", type=click.Path(dir_okay=False), help="Write 72-column text for Bugzilla or mail.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Write the cases as JSON ('-': stdout).",
)
@click.option(
    "--fail-on",
    type=click.Choice(["weak", "likely", "strong", "proven"]),
    help="Exit with 1 if a hardware verdict is at least this sure.",
)
@click.option(
    "--vmlinux",
    type=click.Path(exists=True, dir_okay=False),
    help="Debug information for a core (build id is checked).",
)
@click.option(
    "--debug-dir",
    "debug_dirs",
    multiple=True,
    type=click.Path(exists=True, file_okay=False),
    help="Where to look for debug information.",
)
@click.option("--debuginfod", is_flag=True, help="Fetch debug information from DEBUGINFOD_URLS (for source lines).")
@click.option(
    "--minicore",
    type=click.Path(dir_okay=False),
    help="Write the pages that the analysis of the core read (.zst, .gz: packed).",
)
@click.option(
    "--core-timeout", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Seconds for one core."
)
@LIMITS
@private
def analyze(
    paths: tuple[str, ...],
    html: str | None,
    markdown: str | None,
    text: str | None,
    json_file: str | None,
    fail_on: str | None,
    limits: Limits,
    privacy: Privacy,
    **settings: Any,
) -> NoReturn:
    """Say what killed the machine, from logs, cores and crash directories.

    \b
    Examples:
      triage analyze dmesg.txt
      triage analyze vmcore console.log --html report.html --markdown ticket.md
      triage analyze /var/crash --json cases.json --fail-on strong
    """
    from triage import pipeline
    from triage.config import Options, processors

    if privacy.of() and settings["minicore"]:
        raise click.UsageError("--minicore cannot be redacted: it holds memory as it was. Leave out one of them.")
    reading = Reading(limits.memory)
    with waiting("reading"):
        analysis = pipeline.analyze(paths, Options(**settings, limits=limits, processes=processors()), reading=reading)
    ticket = redacted(analysis, privacy.of("markdown")) if markdown else analysis
    analysis = redacted(analysis, privacy.of())
    complain(analysis)
    if reading.ended:
        say(f"triage: {reading.ended}", None)
    known = bool(analysis.cases or (analysis.sources and not reading.ended))  # else a report of before stays
    for target, form in ((html, "html"), (markdown, "markdown"), (text, "ticket"), (json_file, "json")):
        if target and (known or target == "-"):
            write(target, render(form, ticket if form == "markdown" else analysis))
    if json_file != "-":
        show(analysis)
    sys.exit(INTERRUPTED if reading.interrupted else exit_code(analysis, fail_on))


@main.command(short_help="The events of logs.")
@PATHS
@click.option("--jsonl", "form", flag_value="jsonl", default=True, help="One JSON object per event (default).")
@click.option("--csv", "form", flag_value="csv", help="One CSV row per event.")
@click.option("--residue", is_flag=True, help="Print to stderr the lines that hold an anchor and belong to no event.")
@LIMITS
@private
def log(paths: tuple[str, ...], form: str, residue: bool, limits: Limits, privacy: Privacy) -> NoReturn:
    """Print the hardware errors, memory-failure lines and crashes of logs, in the order of their first lines.

    \b
    Examples:
      triage log /var/log/kern.log* | jq 'select(.kind == "crash").title'
      triage log console.log.zst --csv > events.csv
    """
    from triage.report import head

    codes, reading = {DONE}, Reading(limits.memory)
    sys.stdout.write(head(form))
    with reading:
        codes.update(print_events(paths, form, residue, limits, privacy.of()))
    if reading.ended:
        say(f"triage: {reading.ended}", None)
        codes.add(PARTIAL)
    sys.exit(INTERRUPTED if reading.interrupted else UNREADABLE if UNREADABLE in codes else max(codes))


def print_events(
    paths: tuple[str, ...], form: str, residue: bool, limits: Limits, redactor: Redactor | None
) -> Iterator[int]:
    """Print the events of what is found, and what could not be read; yields exit codes."""
    from triage import inputs, pipeline
    from triage.config import processors
    from triage.logs.parts import Parts
    from triage.report import writer

    row = writer(form)

    def made(event: Event) -> tuple[int, Any]:
        """The last line of an event, and the event as it is printed, once nothing of it has to be replaced."""
        return event.last_line, event if redactor else row(event)

    for found in inputs.find(paths, limits=limits):
        if redactor:
            redactor.learn(input=found.name, host=getattr(found, "host", None), boot=getattr(found, "boot_id", None))
        match found:
            case inputs.LogText():
                told: Parts[tuple[int, Any]] = Parts(found, limits, made, processors())
                for _, event in pipeline.up_to(limits.events, told, found, itemgetter(0)):
                    sys.stdout.write(row(redactor.redact(event)) if redactor else event)
                for number, line in told.residue if residue else ():
                    say(f"{found.name}:{number}: {line}", redactor)
                for note in found.notes:
                    say(f"triage: {found.name}: {note}", redactor)
                    yield PARTIAL
            case inputs.Refused():
                say(f"triage: {found.name}: {found.reason}", redactor)
                yield PARTIAL if found.partial else UNREADABLE
            case inputs.CoreFile():
                say(f"triage: {found.name}: a vmcore; its log is read by 'triage analyze'", redactor)
                yield PARTIAL


@main.command(short_help="Everything a core knows of a page.")
@click.argument("core", type=click.Path(exists=True, dir_okay=False))
@click.argument("where", nargs=-1, metavar="[PFN|ADDRESS]...")
@click.option("--vmlinux", type=click.Path(exists=True, dir_okay=False), help="Debug information for the core.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@private
def page(core: str, where: tuple[str, ...], vmlinux: str | None, as_json: bool, privacy: Privacy) -> NoReturn:
    """What a page was: PFN 0x40272d, or an address 0xffff00004064d260; without arguments all poisoned pages.

    A number below 2^40 is a page frame number, one above it an address.
    """
    from triage import pipeline
    from triage.errors import TriageError
    from triage.report import page as report

    numbers, redactor = [parse_number(word) for word in where], privacy.of()
    try:
        facts = pipeline.core_facts(
            pipeline.one_core(core),
            vmlinux=vmlinux,
            pfns=[n for n in numbers if n < 1 << 40],
            addresses=[n for n in numbers if n >= 1 << 40],
        )
    except TriageError as error:
        if redactor:
            redactor.learn(input=core)
        say(f"triage: {error}", redactor)
        sys.exit(UNREADABLE)
    if redactor:
        facts, numbers = redactor.redact((facts, numbers))
    click.echo(report.json_text(facts, numbers) if as_json else report.text(facts, numbers), nl=False)
    sys.exit(PARTIAL if facts.notes else DONE)


@main.command(short_help="Shell completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script: eval "$(triage completion bash)"."""
    from click.shell_completion import get_completion_class

    complete = get_completion_class(shell)
    assert complete is not None
    click.echo(complete(main, {}, "triage", "_TRIAGE_COMPLETE").source())


def parse_number(word: str) -> int:
    """A PFN or address as typed, hexadecimal with or without 0x."""
    try:
        return int(word, 16)
    except ValueError:
        raise click.BadParameter(f"{word!r} is no hexadecimal number") from None


def redacted(analysis: Analysis, redactor: Redactor | None) -> Analysis:
    """The analysis as it may be shown to others; every case says what was replaced."""
    if redactor is None:
        return analysis
    from dataclasses import replace

    from triage.model import Note

    made = redactor.redact(analysis)
    note = Note(text=redactor.summary())
    return replace(made, cases=[replace(case, notes=(note, *case.notes)) for case in made.cases])


def render(form: str, analysis: Analysis) -> str:
    """One report form."""
    from triage import report

    return report.render(form, analysis.cases, seconds=analysis.seconds, sites=analysis.sites)


def show(analysis: Analysis) -> None:
    """The verdicts on stdout, in colour on a terminal only."""
    from triage.report import text

    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    if analysis.cases:
        click.echo(text.render(analysis.cases, colour=colour), nl=False, color=colour)
        if analysis.sites:
            click.echo(text.crash_sites(analysis.sites), nl=False)
    elif analysis.sources or analysis.beside:
        paths = [source.path for source in analysis.sources]
        click.echo(text.nothing(analysis.events, paths, analysis.untold, analysis.beside), nl=False)


def complain(analysis: Analysis) -> None:
    """What could not be done, one line each on stderr."""
    for error in analysis.refused:
        say(f"triage: {error}", None)
    for note in analysis.notes:
        say(f"triage: {note.source}: {note.text}" if note.source else f"triage: {note.text}", None)


def exit_code(analysis: Analysis, fail_on: str | None) -> int:
    """3 if an input could not be read, else 1 if a hardware verdict meets `fail_on`, else 4 if something is missing."""
    from triage.model import CONFIDENCES

    if analysis.refused:
        return UNREADABLE
    sure = [c.verdict.confidence for c in analysis.cases if c.verdict.cause in ("memory-error", "other-hardware")]
    if fail_on and any(CONFIDENCES.index(c) >= CONFIDENCES.index(fail_on) for c in sure):
        return FAIL_ON
    return PARTIAL if analysis.notes else DONE


if __name__ == "__main__":
    main()
