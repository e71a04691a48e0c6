"""The same work on a Dask cluster: a real scheduler, two worker processes, one of them killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.samples import dmesg, put
from triage.errors import TriageError
from triage.fleet import run as runs
from triage.fleet.run import Settings, Summary, run
from triage.fleet.store import Store

pytest.importorskip("distributed")
QUIET = {**os.environ, "DASK_DISTRIBUTED__DASHBOARD__LINK": "", "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "30s"}


@pytest.fixture
def cluster() -> Iterator[tuple[str, list[subprocess.Popen[str]]]]:
    """The address of a scheduler, and its workers."""
    command = [
        sys.executable,
        "-m",
        "distributed.cli.dask_scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        "--no-dashboard",
    ]
    scheduler = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=QUIET)
    assert scheduler.stderr
    found = next(match for line in scheduler.stderr if (match := re.search(r"tcp://127\.0\.0\.1:\d+", line)))
    threading.Thread(target=scheduler.stderr.read, daemon=True).start()
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", found[0], "--nthreads", "1", "--no-nanny",
             "--no-dashboard"],
            stderr=subprocess.DEVNULL, text=True, env=QUIET,
        )
        for _ in range(2)
    ]  # fmt: skip
    yield found[0], workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def archive(folder: Path, count: int) -> Path:
    for n in range(count):
        put(folder / f"{n}.log", dmesg(100.5 + n, pid=100 + n))
    return folder


def test_a_worker_that_is_killed_loses_nothing(
    cluster: tuple[str, list[subprocess.Popen[str]]], tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, workers = cluster
    monkeypatch.setattr(runs, "BATCH", 4)
    archive(tmp_path / "a", 200)
    done: list[int] = []

    def progress(summary: Summary) -> None:
        done.append(summary.done)
        if summary.done == 40:
            workers[0].send_signal(signal.SIGKILL)

    summary = run([str(tmp_path / "a")], empty, Settings(scheduler=address), progress)
    assert workers[0].poll() == -signal.SIGKILL
    assert (summary.done, summary.failed) == (200, 0)
    assert len(empty.read("cases")) == len(empty.read("documents")) == 200


def test_no_scheduler_there_is_one_line(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "CONNECT_SECONDS", 2)
    with pytest.raises(TriageError, match="no Dask scheduler"), contextlib.redirect_stderr(None):
        run(["/nowhere"], empty, Settings(scheduler="tcp://127.0.0.1:9"))
