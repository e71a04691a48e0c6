"""Child processes that examine units under limits of time and memory, and the function that drives them.

`work` runs in a thread: of this process, or of a Dask worker. Each thread keeps one child (`python -m
triage.fleet.workers`) and talks
to it through its pipes; a child that is too slow, too big or dead is replaced, and only the unit at hand is lost to
it, with the reason.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from triage.errors import LimitError, TriageError
from triage.fleet.examine import Failure, Finding, Task, describe, examine

LENGTH = 8  # bytes of a message's length
BATCH_BYTES = 1 << 16
SECONDS_PER_BYTE = 1e-6  # a large archive may take longer
START_UP = 120.0  # seconds in which a child must be ready
GARBAGE = 10_000  # objects made between two looks for cycles
RENEWED = 5000  # units after which a child is replaced, so that no leak can grow


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of one unit: seconds (more for large ones) and bytes of memory."""

    seconds: float = 120.0
    memory: int = 2 << 30


class Child:
    """One child process."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self.done, self.ready = bounds, 0, False
        self.process = subprocess.Popen(
            [sys.executable, "-m", "triage.fleet.workers", str(bounds.memory)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def examine(self, task: Task) -> Finding:
        """The child's finding; raises LimitError if it took too long, or died."""
        assert self.process.stdin and self.process.stdout
        self.wait()
        allowed = self.bounds.seconds + task.unit.size * SECONDS_PER_BYTE
        until = time.monotonic() + allowed
        try:
            send(self.process.stdin, task)
            found: Finding = receive(self.process.stdout, until)
        except TimeoutError:
            self.kill()
            raise LimitError(task.unit.name, f"took longer than {allowed:.0f} s") from None
        except (OSError, EOFError):
            self.kill()
            raise ChildError(task.unit.name, f"the process that read it {self.fate()}") from None
        self.done += 1
        return found

    def wait(self) -> None:
        """Wait until the child has loaded what it needs, so that this does not count as the first unit's time."""
        assert self.process.stdout
        try:
            self.ready = self.ready or receive(self.process.stdout, time.monotonic() + START_UP)
        except (TimeoutError, OSError, EOFError):
            self.kill()
            raise TriageError(f"a worker process does not start: it {self.fate()}") from None

    def fate(self) -> str:
        """How the child ended."""
        code = self.process.wait()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def kill(self) -> None:
        """End the child and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


class ChildError(LimitError):
    """The child process ended in the middle of a unit."""


local = threading.local()
living: list[Child] = []


def child(bounds: Bounds) -> Child:
    """This thread's child, a new one if it has none, or an old or dead one."""
    mine: Child | None = getattr(local, "child", None)
    if mine is not None and mine.bounds == bounds and mine.done < RENEWED and mine.process.poll() is None:
        return mine
    if mine is not None:
        retire(mine)
    made = local.child = Child(bounds)
    living.append(made)
    return made


def retire(mine: Child) -> None:
    """End a child for good."""
    mine.kill()
    if mine in living:
        living.remove(mine)


def close() -> None:
    """End all children of this process."""
    while living:
        retire(living[0])


def work(tasks: Sequence[Task], bounds: Bounds) -> list[Finding]:
    """The findings of some units, one each; never raises for a bad unit."""
    return [guarded(task, bounds) for task in tasks]


def guarded(task: Task, bounds: Bounds) -> Finding:
    """The finding of one unit, whatever happens to the child."""
    try:
        return child(bounds).examine(task)
    except ChildError as error:
        return failed(task, "died", error.reason)
    except LimitError as error:
        return failed(task, "time", error.reason)


def failed(task: Task, kind: str, reason: str) -> Finding:
    """A finding that says only why there is none."""
    return Finding(task.unit, status="failed", failures=[Failure(kind, reason)])


# ---------------------------------------------------------------- messages


def send(pipe: Any, message: Any) -> None:
    """One message down a pipe."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.write(len(data).to_bytes(LENGTH, "little") + data)
    pipe.flush()


def receive(pipe: Any, until: float | None = None) -> Any:
    """One message out of a pipe; raises EOFError at its end, TimeoutError when the clock passes `until`."""
    length = int.from_bytes(take(pipe, LENGTH, until), "little")
    return pickle.loads(take(pipe, length, until))


def take(pipe: Any, length: int, until: float | None) -> bytes:
    """So many bytes out of a pipe."""
    parts, missing = [], length
    while missing:
        if until is not None and not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        piece = os.read(pipe.fileno(), min(missing, BATCH_BYTES))
        if not piece:
            raise EOFError
        parts.append(piece)
        missing -= len(piece)
    return b"".join(parts)


# ---------------------------------------------------------------- in the child


def serve(tasks: BinaryIO, findings: BinaryIO, memory: int) -> None:
    """Examine units until the other end of the pipe is gone."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()  # what is loaded stays; looking through it again and again for garbage takes a tenth of the time
    gc.set_threshold(GARBAGE)
    send(findings, True)
    while True:
        try:
            task = receive(tasks)
        except EOFError:
            return
        send(findings, answered(task))


def answered(task: Task) -> Finding:
    """The finding of one unit, with the reason if there is none."""
    try:
        return examine(task)
    except MemoryError:
        return failed(task, "memory", "needs more memory than it may have")
    except OSError as error:
        return failed(task, "unread", (error.strerror or str(error)).lower())
    except Exception as error:  # a fault of ours: it must not end the run, and must be seen in its failures
        return failed(task, "died", f"triage failed on it: {describe(error)}")


def main() -> None:
    """The child's side: messages on what were standard input and output, which nothing else may use."""
    tasks, findings = os.fdopen(os.dup(0), "rb", buffering=0), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    serve(tasks, findings, int(sys.argv[1]))


if __name__ == "__main__":
    main()
