"""Runs over an archive: what is new, what is known, what is one crash, what goes wrong on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.samples import console, dmesg, put
from triage.fleet import examine, workers
from triage.fleet.run import Settings, Summary, run
from triage.fleet.store import Store, opened
from triage.fleet.units import Unit
from triage.fleet.workers import Bounds


def take(archive: Path, store: Store, **settings: Any) -> Summary:
    return run([str(archive)], store, Settings(jobs=2, **settings))


def counted(store: Store) -> Any:
    cases = store.read("cases")
    return cases[cases["duplicate_of"].isna()]


def test_a_second_run_takes_only_what_is_new_or_changed(tmp_path: Path, empty: Store) -> None:
    logs = [put(tmp_path / "a" / f"{n}.log", dmesg(100.5 + n, pid=100 + n)) for n in range(20)]
    assert take(tmp_path / "a", empty).done == 20
    again = take(tmp_path / "a", empty)
    assert (again.done, again.unchanged) == (0, 20)
    put(tmp_path / "a" / "new.log", dmesg(900.25, pid=7))
    logs[3].write_text(dmesg(800.75, pid=8))
    third = take(tmp_path / "a", empty)
    assert (third.done, third.unchanged) == (2, 19)
    assert len(counted(empty)) == 21
    assert sorted(counted(empty)["time"])[-2:] == [800.75, 900.25]  # the changed file's old crash is gone


def test_a_file_that_only_moved_is_known_by_its_content(tmp_path: Path, empty: Store) -> None:
    log = put(tmp_path / "a" / "one.log", dmesg())
    take(tmp_path / "a", empty)
    log.rename(tmp_path / "a" / "two.log")
    assert take(tmp_path / "a", empty).duplicates == 1
    assert len(counted(empty)) == 1


def test_one_crash_in_five_forms_is_one_case(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "crash/10.0.0.7-2026-11-20-10:03:20/vmcore-dmesg.txt", dmesg(error=True))
    put(tmp_path / "console/node7.log", console("node7", error=True))
    put(tmp_path / "netconsole/10.0.0.7.log", dmesg()[:600])
    put(tmp_path / "pstore/1795399907/dmesg-erst-1", "Panic#1 Part1\n" + dmesg())
    put(tmp_path / "upload.txt", dmesg(error=True))
    summary = take(tmp_path, empty)
    assert summary.failed == 0
    cases = counted(empty)
    assert len(cases) == 1
    assert cases["cause"].tolist() == ["memory-error"] and cases["host"].tolist() == ["node7"]
    assert take(tmp_path, empty).done == 0
    assert len(counted(empty)) == 1


def test_a_telling_that_comes_later_joins_the_case_that_is_there(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a/dmesg.txt", dmesg())
    take(tmp_path, empty)
    assert counted(empty)["cause"].tolist() == ["software"]
    put(tmp_path / "b/console.log", console("node7", error=True))
    assert take(tmp_path, empty).joined == 1
    assert counted(empty)["cause"].tolist() == ["memory-error"]
    put(tmp_path / "a/dmesg.txt", dmesg(500.5, pid=77))  # and it changes: the join is undone
    take(tmp_path, empty)
    assert sorted(counted(empty)["time"]) == [200.0, 500.5]


def test_the_same_crash_on_two_hosts_is_two_cases(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a.log", console("node1", 200.5))
    put(tmp_path / "b.log", console("node2", 200.6))
    take(tmp_path, empty)
    assert sorted(counted(empty)["host"]) == ["node1", "node2"]


def test_what_is_no_log_is_skipped_with_a_count(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a.log", dmesg())
    (tmp_path / "picture.png").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to("nowhere")
    summary = take(tmp_path, empty)
    assert (summary.done, summary.failed, summary.skipped) == (1, 0, 2)


def test_paths_that_are_not_there_are_failures_said_once(tmp_path: Path, empty: Store) -> None:
    for _ in range(2):
        summary = run([str(tmp_path / "none"), str(tmp_path / "*.log")], empty, Settings())
        assert summary.failed == 2
    assert len(empty.read("failures")) == 2


def test_a_slow_input_is_recorded_and_the_run_goes_on(
    tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = sitecustomize(tmp_path, "if '0.log' in task.unit.name: __import__('time').sleep(60)")
    monkeypatch.setenv("PYTHONPATH", slow)
    archive(tmp_path, 6)
    summary = take(tmp_path / "a", empty, bounds=Bounds(seconds=4))
    assert (summary.done, summary.failed) == (5, 1)
    assert empty.read("failures")["kind"].tolist() == ["time"]


def test_a_process_that_dies_loses_only_its_input(
    tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "PYTHONPATH",
        sitecustomize(tmp_path, "if '0.log' in task.unit.name: __import__('os').kill(__import__('os').getpid(), 9)"),
    )
    archive(tmp_path, 6)
    summary = take(tmp_path / "a", empty)
    assert (summary.done, summary.failed) == (5, 1)
    assert "SIGKILL" in empty.read("failures")["reason"].iloc[0]


def test_an_input_that_eats_memory_is_stopped(tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", sitecustomize(tmp_path, "if '0.log' in task.unit.name: x = b'x' * (3 << 30)"))
    archive(tmp_path, 6)
    summary = take(tmp_path / "a", empty)
    assert (summary.done, summary.failed) == (5, 1)
    assert empty.read("failures")["kind"].tolist() == ["memory"]


def test_what_failed_is_tried_again_when_asked(tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "PYTHONPATH", sitecustomize(tmp_path, "if '0.log' in task.unit.name: raise ValueError('a fault of ours')")
    )
    archive(tmp_path, 3)
    assert take(tmp_path / "a", empty).failed == 1
    monkeypatch.delenv("PYTHONPATH")
    assert take(tmp_path / "a", empty).done == 0
    assert take(tmp_path / "a", empty, retry=True).done == 1
    assert empty.read("failures").empty and len(counted(empty)) == 3


def archive(tmp_path: Path, count: int) -> None:
    for n in range(count):
        put(tmp_path / "a" / f"{n}.log", dmesg(100.5 + n, pid=100 + n))


def sitecustomize(tmp_path: Path, statement: str) -> str:
    """A directory for PYTHONPATH that makes the child processes run a statement before each unit."""
    hook = (
        "import sys\n"
        "if 'triage.fleet.workers' in ' '.join(sys.orig_argv):\n"
        "    from triage.fleet import examine\n"
        "    real = examine.examine\n"
        f"    def hooked(task):\n        {statement}\n        return real(task)\n"
        "    examine.examine = hooked\n"
    )
    put(tmp_path / "hook" / "sitecustomize.py", hook)
    return f"{tmp_path / 'hook'}:{Path(examine.__file__).parents[2]}"


@pytest.mark.parametrize("after", [0.7, 1.4])
def test_a_run_that_was_killed_continues_and_loses_nothing(tmp_path: Path, after: float) -> None:
    archive(tmp_path, 300)
    code = (
        "import sys; from pathlib import Path; from triage.fleet import run, store\n"
        "run.PORTION = 10\n"
        "with store.opened(Path(sys.argv[2])) as s: run.run([sys.argv[1]], s, run.Settings(jobs=2))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a"), str(tmp_path / "store")])
    time.sleep(after)
    child.send_signal(signal.SIGKILL)
    child.wait()
    with opened(tmp_path / "store") as store:
        before = len(store.read("inputs"))
        summary = take(tmp_path / "a", store)
        assert summary.done + before == 300
        assert len(counted(store)) == len(store.read("documents")) == 300


def test_children_end_with_their_parent(tmp_path: Path) -> None:
    child = workers.Child(Bounds())
    log = put(tmp_path / "a.log", dmesg())
    info = log.stat()
    found = child.examine(examine.Task(Unit(str(log), (str(log),), info.st_size, info.st_mtime_ns)))
    assert found.status == "done"
    assert child.process.stdin
    child.process.stdin.close()
    assert child.process.wait(timeout=5) == 0


def test_names_and_clocks_from_hell(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a/x.log", console("../../etc/passwd", 100.5, pid=1))
    put(tmp_path / "a/y.log", console("<script>alert(1)</script>", 100.6, pid=2))
    put(tmp_path / "a/\udcff‮z.log", dmesg(100.7, pid=3))
    put(tmp_path / "a/1970.log", console("n1", 100.8, pid=4).replace("2026-11-20", "1970-01-01"))
    put(tmp_path / "a/2106.log", console("n2", 100.9, pid=5).replace("2026-11-20", "2106-02-07"))
    summary = take(tmp_path / "a", empty)
    assert (summary.done, summary.failed) == (5, 0)
    months = {path.parent.name for path in empty.files("cases")}
    assert {"month=1970-01", "month=2106-02"} <= months
    assert len(counted(empty)) == 5


def test_the_host_is_taken_from_the_path_where_asked(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "hosts/node9/dmesg", dmesg())
    take(tmp_path, empty, host=r"/hosts/([^/]+)/")
    assert counted(empty)["host"].tolist() == ["node9"]


def test_a_run_keeps_the_first_failures_and_the_store_all(tmp_path: Path, empty: Store) -> None:
    for n in range(50):
        put(tmp_path / "a" / f"{n:02}.gz", "").write_bytes(b"\x1f\x8b\x08\0damaged")  # as a packed log may be
    summary = take(tmp_path / "a", empty)
    assert (summary.troubles, len(summary.failures), len(empty.read("failures"))) == (50, 20, 50)
