"""Runs in which strace lets one call fail, or sends a signal there: the n-th of a kind since the run began.

with Runs(["analyze", "console.log", "--html", "a.html"], folder) as runs:
    for ended in runs.each("write:error=ENOSPC"):     # the first write fails, the second one ...
        ended.code, ended.said, ended.call            # 2, "Error: ...", 'write(3, "...", 512) = -1 ENOSPC (INJECTED)'
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace")
SENT = ("--- SIG", "+++ killed")  # a signal that came
MOST = 3000  # calls of one kind in one run


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    said: str  # on stderr
    call: str | None  # the call that failed, None if there were not that many
    folder: Path


class Runs(AbstractContextManager["Runs"]):
    """Runs of one command, each in a fresh copy of a folder."""

    def __init__(self, arguments: Sequence[str], template: Path, scratch: Path) -> None:
        self.template, self.scratch, self.folder = template, scratch, scratch / "run"
        command = [sys.executable, "-m", "tests.faults.warm", *arguments]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        )
        self.begin()
        assert self.answer() == "warm"

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)

    def answer(self) -> str:
        """The next line of the process."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def begin(self, *more: str) -> None:
        """Ask for a run in a fresh folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.template, self.folder)
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join([str(self.folder), str(self.scratch / "out"), *more]) + "\n")
        self.process.stdin.flush()

    def each(self, fault: str, first: int = 1) -> Iterator[Ended]:
        """Runs that differ in which call of a kind is met, until there are no more such calls."""
        for number in range(first, MOST):
            ended = self.one(f"{fault}:when={number}")
            if ended.call is None:
                return
            yield ended
        raise AssertionError(f"more than {MOST} calls: {fault}")

    def one(self, fault: str | None) -> Ended:
        """One run, itself traced."""
        self.begin()
        pid, log = int(self.answer()), self.scratch / "calls"
        tracer = attach(pid, log, fault)
        os.kill(pid, signal.SIGCONT)
        code = int(self.answer())
        tracer.communicate(timeout=60)
        return self.ended(code, log)

    def reader(self, fault: str | None) -> Ended:
        """One run, the child that reads a core traced."""
        log, wrapper = self.scratch / "calls", self.scratch / "interpreter"
        log.unlink(missing_ok=True)
        words = [str(STRACE), "-qq", "-s", "200", "-o", str(log), *options(fault), sys.executable, '"$@"']
        wrapper.write_text(f"#!/bin/sh\nexec {' '.join(words)}\n")
        wrapper.chmod(0o700)
        self.begin(str(wrapper))
        os.kill(int(self.answer()), signal.SIGCONT)
        return self.ended(int(self.answer()), log)

    def ended(self, code: int, log: Path) -> Ended:
        """What is left of a run."""
        calls = log.read_text(errors="replace").splitlines() if log.exists() else []
        met = next((call for call in calls if "(INJECTED)" in call or call.startswith(SENT)), None)
        out = self.scratch / "out"
        said = out.with_name("out.err").read_text(errors="replace")
        return Ended(code, out.read_text(errors="replace"), said, met, self.folder)


def options(fault: str | None) -> list[str]:
    """What strace is to trace and to do."""
    kinds = fault.split(":")[0] if fault else "all"
    return ["-e", f"trace={kinds}", "-e", "signal=!SIGCONT,SIGCHLD", *(["-e", f"inject={fault}"] if fault else [])]


def attach(pid: int, log: Path, fault: str | None) -> subprocess.Popen[bytes]:
    """strace on a process that stands still."""
    command = [str(STRACE), "-s", "200", "-o", str(log), *options(fault), "-p", str(pid)]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert tracer.stderr is not None and b"attached" in tracer.stderr.readline()
    return tracer
