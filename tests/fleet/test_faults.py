"""What lies about in archives and breaks under the hands: recorded with its reason, and the run goes on."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.samples import console, dmesg, put
from tests.fleet.test_run import archive, counted, sitecustomize, take
from triage.fleet.report import csv
from triage.fleet.run import Settings, run
from triage.fleet.store import Store
from triage.fleet.workers import Bounds

QUICK = Settings(jobs=2, bounds=Bounds(seconds=20))


def test_pipes_sockets_devices_and_loops_are_never_waited_for(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a" / "good.log", dmesg())
    os.mkfifo(tmp_path / "a" / "pipe.log")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "a" / "socket.log"))
    (tmp_path / "a" / "loop.log").symlink_to("loop.log")
    (tmp_path / "a" / "up").symlink_to("..")
    (tmp_path / "a" / "kmsg").symlink_to("/proc/kmsg")  # a regular file that waits for news
    summary = run([str(tmp_path / "a")], empty, QUICK)
    assert (summary.done, summary.failed) == (1, 0), summary.failures
    named = [str(tmp_path / "a" / "pipe.log"), "/dev/zero", str(tmp_path / "a" / "loop.log")]
    summary = run(named, empty, QUICK)
    reasons = sorted(failure.reason for _, failure in summary.failures)
    assert reasons == ["not a regular file", "not a regular file", "too many levels of symbolic links"]


def test_paths_too_long_to_open_are_failures(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a" / "good.log", dmesg())
    (tmp_path / "a" / "deep").mkdir()
    handle = os.open(tmp_path / "a" / "deep", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 240, dir_fd=handle)
        below = os.open("d" * 240, os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    summary = take(tmp_path / "a", empty)
    assert (summary.done, summary.failed) == (1, 1)
    assert summary.failures[0][1].reason == "file name too long"


def test_a_name_that_is_not_utf8_and_as_long_as_can_be(tmp_path: Path, empty: Store) -> None:
    (tmp_path / "a").mkdir()
    name = os.fsencode(tmp_path / "a") + b"/\xff" + b"n" * 254
    Path(os.fsdecode(name)).write_text(dmesg())
    assert take(tmp_path / "a", empty).done == 1
    assert take(tmp_path / "a", empty).unchanged == 1
    assert counted(empty)["unit"].iloc[0].endswith("/%FF" + "n" * 254)


def test_a_file_that_grows_while_it_is_read_is_read_again(
    tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(tmp_path, 3)
    more = "open(task.unit.paths[0], 'a').write('[  900.5] more\\n') if '0.log' in task.unit.name else None"
    monkeypatch.setenv("PYTHONPATH", sitecustomize(tmp_path, more))
    assert take(tmp_path / "a", empty).done == 3
    monkeypatch.delenv("PYTHONPATH")
    again = take(tmp_path / "a", empty)
    assert (again.done + again.duplicates, again.unchanged) == (1, 2)
    assert len(counted(empty)) == 3
    assert take(tmp_path / "a", empty).unchanged == 3


def test_a_file_that_vanishes_before_it_is_read_is_tried_again(
    tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(tmp_path, 3)
    path = "task.unit.paths[0]"
    gone = f"if '0.log' in task.unit.name: __import__('os').rename({path}, {path} + '.away')"
    monkeypatch.setenv("PYTHONPATH", sitecustomize(tmp_path, gone))
    summary = take(tmp_path / "a", empty)
    assert (summary.done, summary.failed, summary.failures[0][1].kind) == (2, 1, "unread")
    monkeypatch.delenv("PYTHONPATH")
    assert take(tmp_path / "a", empty).done == 1
    assert len(counted(empty)) == 3


def test_a_big_log_cut_while_it_is_mapped_is_a_failure(
    tmp_path: Path, empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(tmp_path, 2)
    put(tmp_path / "a" / "big.log", dmesg(300.5, pid=7) + "x\n" * (8 << 20))
    cut = (
        "from triage.inputs import buffers\n        real_map = buffers.mapped\n"
        "        def cut(file):\n            made = real_map(file)\n            __import__('os').truncate(file.name if"
        " isinstance(file.name, str) else task.unit.paths[0], 0)\n            return made\n"
        "        buffers.mapped = cut if 'big' in task.unit.name else real_map"
    )
    monkeypatch.setenv("PYTHONPATH", sitecustomize(tmp_path, cut))
    summary = take(tmp_path / "a", empty)
    assert (summary.done, summary.failed, summary.failures[0][1].kind) == (2, 1, "died")
    assert "SIGBUS" in summary.failures[0][1].reason


class Failing(SimpleHTTPRequestHandler):
    """Serves a folder; from some moment on it breaks off in the middle of each file."""

    broken = False

    def copyfile(self, source: Any, outputfile: Any) -> None:
        if self.broken:
            outputfile.write(source.read(100))
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            super().copyfile(source, outputfile)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address of its web server."""
    pytest.importorskip("aiohttp")
    folder = tmp_path / "web"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Failing, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_web_server_that_breaks_off_loses_nothing(
    web: tuple[Path, str], empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = web
    urls = [f"{address}/{n}.log" for n in range(3)]
    for n in range(3):
        put(folder / f"{n}.log", console(f"node{n}", 200.5 + n, pid=n + 1))
    monkeypatch.setattr(Failing, "broken", True)
    summary = run(urls, empty, QUICK)
    assert (summary.done, summary.failed) == (0, 3)
    assert {failure.kind for _, failure in summary.failures} == {"unread"}
    assert empty.read("cases").empty, "half a log is none"
    monkeypatch.setattr(Failing, "broken", False)
    assert run(urls, empty, QUICK).done == 3
    assert len(counted(empty)) == 3 and empty.read("failures").empty


def test_a_web_server_that_is_gone_is_a_failure_of_one_line(empty: Store) -> None:
    pytest.importorskip("aiohttp")
    summary = run(["http://127.0.0.1:9/a.log"], empty, QUICK)
    assert summary.failed == 1 and "\n" not in summary.failures[0][1].reason


def test_a_disk_that_fills_up_leaves_no_half_written_table(tmp_path: Path) -> None:
    put(tmp_path / "cases.csv", "old")

    def rows() -> Iterator[tuple[str]]:
        yield ("new",)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        csv.save(tmp_path / "cases.csv", ["a"], rows())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("cases.csv", "old")]
