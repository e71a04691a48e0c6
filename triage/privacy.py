"""Which outputs of a run are redacted: --redact, --no-redact, --redact-map, and TRIAGE_REDACT for where it must not be
forgotten.

    TRIAGE_REDACT=1                all outputs
    TRIAGE_REDACT=markdown,site    only what leaves the house: Markdown reports and the fleet site
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from triage.redact import Redactor

OUTPUTS = frozenset(("markdown", "site"))  # those that can be redacted alone
YES, NO = frozenset(("1", "true", "yes", "on", "all")), frozenset(("", "0", "false", "no", "off"))


class Privacy:
    """The redactor of a run, and whether it is for all outputs or for some."""

    def __init__(self, redactor: Redactor | None, outputs: frozenset[str] | None) -> None:
        self.redactor, self.outputs = redactor, outputs
        self.used = outputs is None

    def of(self, output: str | None = None) -> Redactor | None:
        """What redacts an output ("markdown", "site", None: any other); None if it stays as it is."""
        if self.outputs is not None and output not in self.outputs:
            return None
        self.used = True
        return self.redactor


def configured(words: str) -> frozenset[str] | None:
    """The outputs that TRIAGE_REDACT names, None for all; an unknown word must not mean none."""
    said = frozenset(word.strip().lower() for word in words.split(","))
    if said & YES:
        return None
    if said - NO <= OUTPUTS:
        return said & OUTPUTS
    raise click.UsageError(f"TRIAGE_REDACT={words!r}: 1, 0, or some of {', '.join(sorted(OUTPUTS))} (comma between)")


def wanted(redact: bool | None, mapped: bool) -> frozenset[str] | None:
    """The outputs to redact, None for all: a flag, else the configuration, else all if there is a map (`mapped`)."""
    context = click.get_current_context()
    asked = context.get_parameter_source("redact_map") is click.core.ParameterSource.COMMANDLINE
    if redact is not None or asked:
        return frozenset() if redact is False else None
    words = os.environ.get("TRIAGE_REDACT")
    return None if words is None and mapped else configured(words or "")


def private(command: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """The flags, which become `privacy` once the paths are parsed; the map is written when the command is over."""

    @functools.wraps(command)
    def run(*, redact: bool | None, redact_map: str | None, **arguments: Any) -> NoReturn:
        outputs = wanted(redact, redact_map is not None)
        if outputs == frozenset():
            command(**arguments, privacy=Privacy(None, outputs))
        from triage import mapfile
        from triage.errors import InputError

        try:
            privacy = Privacy(mapfile.load(redact_map), outputs)
        except InputError as error:
            raise click.BadParameter(error.reason, param_hint="--redact-map") from None
        try:
            command(**arguments, privacy=privacy)
        except SystemExit:
            if privacy.used and privacy.redactor:
                mapfile.save(redact_map, privacy.redactor)
                click.echo(f"triage: {privacy.redactor.summary()}", err=True)
            raise

    told = "Which token stands for what: read if it is there, then written, for you only (0600). Implies --redact."
    run = click.option(
        "--redact-map", type=click.Path(dir_okay=False), metavar="FILE", envvar="TRIAGE_REDACT_MAP", help=told
    )(run)
    told = (
        "Replace host names, addresses, users, serial numbers, paths, kernel pointers ... by tokens, in all outputs."
        " Default: what TRIAGE_REDACT says (1: all outputs; markdown,site: those)."
    )
    return click.option("--redact/--no-redact", default=None, help=told)(run)
