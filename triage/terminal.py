"""Files written whole or not at all, and signs of life: what the commands need of the world around them."""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from triage.redact import Redactor

INTERRUPTED, TERMINATED, CLOSED_PIPE = 130, 143, 141  # 128 + the signal, as a shell would say


class Commands(click.Group):
    """The commands, however a run ends: a signal or an output that takes no more is one line at most, no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; SIGTERM unwinds like an exit, so that no temporary file stays."""
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # not at exit, where nobody can catch what it raises
        except KeyboardInterrupt:
            click.echo("\ntriage: interrupted", err=True)
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            discard()
            sys.exit(CLOSED_PIPE)
        except OSError as error:
            discard()
            raise Unwritable(f"{error.filename or 'standard output'}: {error.strerror or error}") from None


class Reading:
    """A part of a run that may end early and leaves what it has: at a first SIGINT, or when memory runs out.

    From then on, and once it is over, a first SIGINT changes nothing but the exit code, as what follows is short; a
    second one ends the run at once.
    """

    def __init__(self, memory: int) -> None:
        self.memory, self.inside = memory, False
        self.interrupted, self.ended = False, ""

    def __enter__(self) -> None:
        self.bound = resource.getrlimit(resource.RLIMIT_DATA)
        soft, hard = (
            self.memory if bound == resource.RLIM_INFINITY else min(bound, self.memory) for bound in self.bound
        )
        resource.setrlimit(resource.RLIMIT_DATA, (min(soft, hard), self.bound[1]))
        with contextlib.suppress(ValueError):  # not in the main thread
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored for a job in the background
                signal.signal(signal.SIGINT, self.interrupt)
        self.inside = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.inside = False
        resource.setrlimit(resource.RLIMIT_DATA, self.bound)
        if kind is MemoryError:
            self.ended = f"reading needs more than {self.memory >> 20} MB of memory"
        return kind is MemoryError or (kind is KeyboardInterrupt and self.interrupted)

    def interrupt(self, *_: object) -> None:
        """Handle SIGINT."""
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted, self.ended = True, "interrupted"
        if self.inside:
            raise KeyboardInterrupt


def discard() -> None:
    """Let what is still buffered for standard output go nowhere."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Unwritable(click.ClickException):
    """An output file cannot be written: the caller named a wrong place."""

    exit_code = 2


def write(target: str, content: str, *, private: bool = False) -> None:
    """Write a whole file or none: a temporary name beside it, then a rename; `-` is stdout. `private`: mode 0600."""
    if target == "-":
        sys.stdout.write(content)
        return
    path = Path(target).resolve()  # a link stays one
    try:
        if path.exists() and not path.is_file():  # a pipe or device must not be replaced
            path.write_text(content, encoding="utf-8")
            return
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Unwritable(f"{target}: {error.strerror or error}") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        temporary.chmod(0o600 if private else 0o666 & ~umask())
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(f"{target}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def umask() -> int:
    """The process's file mode mask."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def waiting(what: str) -> Iterator[None]:
    """A sign of life on a terminal's stderr for work that takes more than a second."""
    if not sys.stderr.isatty():
        yield
        return
    done, began = threading.Event(), time.monotonic()

    def tick() -> None:
        while not done.wait(1.0):
            sys.stderr.write(f"\r{what} ... {time.monotonic() - began:.0f} s\x1b[K")
            sys.stderr.flush()

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.stderr.write("\r\x1b[K")


def private(command: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    """--redact and --redact-map, which become a `redactor` once the paths are parsed."""

    @functools.wraps(command)
    def run(*, redact: bool, redact_map: str | None, **arguments: Any) -> NoReturn:
        if not redact and redact_map is None:
            command(**arguments, redactor=None)
        from triage import mapfile
        from triage.errors import InputError

        try:
            redactor = mapfile.load(redact_map)
        except InputError as error:
            raise click.BadParameter(error.reason, param_hint="--redact-map") from None
        try:
            command(**arguments, redactor=redactor)
        except SystemExit:
            mapfile.save(redact_map, redactor)
            click.echo(f"triage: {redactor.summary()}", err=True)
            raise

    told = "Which token stands for what: read if it is there, then written, for you only (0600). Implies --redact."
    run = click.option(
        "--redact-map", type=click.Path(dir_okay=False), metavar="FILE", envvar="TRIAGE_REDACT_MAP", help=told
    )(run)
    told = "Replace host names, addresses, users, serial numbers, paths, kernel pointers ... by tokens, in all outputs."
    return click.option("--redact", is_flag=True, envvar="TRIAGE_REDACT", help=told)(run)


def say(line: str, redactor: Redactor | None) -> None:
    """A line on stderr, harmless to a terminal, and redacted if the outputs are."""
    from triage.report.escape import visible

    click.echo(visible(redactor.text(line, 16) if redactor else line), err=True)
