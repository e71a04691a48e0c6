"""Files written whole or not at all, and signs of life: what the commands need of the world around them."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from triage.config import Limits
    from triage.redact import Redactor

INTERRUPTED, TERMINATED, CLOSED_PIPE = 130, 143, 141  # 128 + the signal, as a shell would say


class Commands(click.Group):
    """The commands, however a run ends: a signal or an output that takes no more is one line at most, no traceback."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Read the command line and run; a signal unwinds like an exit, so that no temporary file stays."""
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(signal.SIGTERM, leave)
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # ignored for a job in the background
                signal.signal(signal.SIGINT, interrupt)
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # not at exit, where nobody can catch what it raises
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except BrokenPipeError:
            discard()
            sys.exit(CLOSED_PIPE)
        except OSError as error:
            discard()
            where = error.filename or "standard output"
            raise Unwritable(f"{where}: {error.strerror or error}") from None


def leave(number: int, _: object) -> NoReturn:
    """Handle a signal: end at once, in order; what is sent from now on changes nothing."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


def interrupt(*_: object) -> NoReturn:
    """Handle a first SIGINT where a command has no way of its own: a second one is not waited for."""
    signal.signal(signal.SIGINT, leave)
    raise KeyboardInterrupt


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
            if signal.getsignal(signal.SIGINT) is interrupt:
                signal.signal(signal.SIGINT, self.interrupt)
        self.inside = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self.inside = False
        resource.setrlimit(resource.RLIMIT_DATA, self.bound)
        lacking = kind in (MemoryError, SystemError)  # the second where C code could not even say so
        if lacking:
            self.ended = f"reading needs more than {self.memory >> 20} MB of memory"
        return lacking or (kind is KeyboardInterrupt and self.interrupted)

    def interrupt(self, number: int, _: object) -> None:
        """Handle SIGINT."""
        if self.interrupted:
            leave(number, _)
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
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    try:
        if path.exists() and not path.is_file():  # a pipe or device must not be replaced
            path.write_text(content, encoding="utf-8")
            return
        with nameless(temporary) as out:
            out.write(content)
            out.flush()
            os.fchmod(out.fileno(), 0o600 if private else 0o666 & ~umask())
            os.fsync(out.fileno())
            if not temporary.exists():  # any src_dir_fd makes it linkat(2), which follows the link of /proc
                os.link(f"/proc/self/fd/{out.fileno()}", temporary, src_dir_fd=out.fileno())
        temporary.replace(path)
    except OSError as error:
        raise Unwritable(f"{target}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def nameless(temporary: Path) -> IO[str]:
    """A new file in a folder that has no name yet, so that nothing of it stays if the process is killed; where that
    cannot be (some network file systems), one with the given name."""
    try:
        if not Path("/proc/self/fd").exists():
            raise OSError
        handle = os.open(temporary.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError:
        handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8")


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


def bounds(_: click.Context, option: click.Parameter, words: tuple[str, ...]) -> Limits:
    """The limits that a user sets."""
    from triage.config import limits

    try:
        return limits(words)
    except ValueError as error:
        raise click.BadParameter(str(error), param=option) from None


LIMITS = click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=NUMBER",
    envvar="TRIAGE_LIMITS",
    callback=bounds,
    help="Raise or lower a bound on the work: bytes=8G, events, lines, members, ratio, depth, seconds, memory.",
)


def say(line: str, redactor: Redactor | None) -> None:
    """A line on stderr, harmless to a terminal, and redacted if the outputs are."""
    from triage.report.escape import visible

    click.echo(visible(redactor.text(line, 16) if redactor else line), err=True)
