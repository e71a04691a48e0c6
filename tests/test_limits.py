"""Every bound on the work can be set; one that is met is told on stderr and in the report, and ends a run with 4."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from triage import pipeline
from triage.config import Limits, Options, limits
from triage.inputs import LogText
from triage.logs.parse import Parser

LINE = "[   70.471011] Memory failure: 0x1a2b3: recovery action for reserved kernel page: Ignored\n"
COMMAND = [sys.executable, "-c", "from triage.cli import main; main()"]


def log(folder: Path, lines: int = 3) -> Path:
    path = folder / "log"
    path.write_text(LINE * lines)
    return path


def noise(folder: Path) -> Path:
    path = folder / "log.gz"
    path.write_bytes(gzip.compress((LINE * 100 + "x" * 200_000_000).encode(), 1))
    return path


def archive(folder: Path) -> Path:
    path = folder / "a.tar"
    with tarfile.open(path, "w") as made:
        for number in range(5):
            member = tarfile.TarInfo(f"console{number}.log")
            member.size = len(LINE)
            made.addfile(member, io.BytesIO(LINE.encode()))
    return path


def nested(folder: Path) -> Path:
    path = folder / "log.gz"
    path.write_bytes(gzip.compress(gzip.compress(gzip.compress(LINE.encode()))))
    return path


HIT = {
    "bytes=10M": (noise, "unpacks to more than 10485760 bytes"),
    "ratio=2": (noise, "unpacks to more than 2 times its size"),
    "members=3": (archive, "more than 3 files"),
    "lines=2": (log, "more than 2 lines near anchors; what is behind line 2 is not analysed"),
    "events=2": (log, "more than 2 events; what is behind line 2 is not analysed"),
}


@pytest.mark.parametrize("limit", HIT)
def test_a_limit_that_is_met_is_told_and_what_came_before_is_analysed(limit: str, tmp_path: Path) -> None:
    make, told = HIT[limit]
    report = tmp_path / "report.json"
    command = [*COMMAND, "analyze", str(make(tmp_path)), "--limit", limit, "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (4, True, False)
    (case,) = json.loads(report.read_text())["cases"]
    assert told in json.dumps(case["notes"])


def test_what_gives_nothing_before_a_bound_is_refused(tmp_path: Path) -> None:
    analysis = pipeline.analyze([str(noise(tmp_path))], Options(limits=Limits(seconds=0)))
    assert [error.reason for error in analysis.refused] == ["unpacking took more than 0 s"]


def test_a_lack_of_memory_leaves_what_was_read(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    command = [*COMMAND, "analyze", str(log(tmp_path, 200_000)), "--limit", "memory=100M", "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "needs more than 100 MB of memory" in done.stderr) == (4, True)
    (case,) = json.loads(report.read_text())["cases"]
    assert "ended early" in json.dumps(case["notes"])


@pytest.mark.parametrize(("limit", "count", "told"), [("events=2", 2, "more than 2 events"), ("lines=1", 1, "line 1 ")])
def test_events_are_printed_up_to_a_bound(limit: str, count: int, told: str, tmp_path: Path) -> None:
    command = [*COMMAND, "log", str(log(tmp_path)), "--limit", limit]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, len(done.stdout.splitlines()), told in done.stderr) == (4, count, True)


def test_no_event_at_all_is_a_bound_too(tmp_path: Path) -> None:
    analysis = pipeline.analyze([str(log(tmp_path))], Options(limits=Limits(events=0)))
    assert [note.text for note in analysis.notes] == ["more than 0 events; what is behind line 0 is not analysed"]


def test_a_lack_of_memory_ends_the_printing_of_events(tmp_path: Path) -> None:
    script = "from triage.logs import parse; parse.Parser.lines = lambda self: iter([b'x' * (1 << 30)])\n" + COMMAND[2]
    command = [sys.executable, "-c", script, "log", str(log(tmp_path)), "--limit", "memory=200M"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, "needs more than 200 MB of memory" in done.stderr) == (4, True)


def test_residue_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.logs.parse.RESIDUE_MAX", 3)
    parser = Parser(LogText(name="log", data=b"[Hardware Error]: \n" * 10))
    assert (list(parser.events()), len(parser.residue)) == ([], 3)


def test_limits_are_named_and_take_units() -> None:
    assert limits(["bytes=8G", "events=5"]) == Limits(bytes=8 << 30, events=5)
    for word in ("bytes", "bytes=", "bytes=-1", "bytes=1T", "nothing=1", "=1"):
        with pytest.raises(ValueError, match="is not NAME=NUMBER"):
            limits([word])


def test_the_environment_sets_limits_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_LIMITS", "events=2 depth=3")
    done = subprocess.run([*COMMAND, "analyze", str(log(tmp_path))], capture_output=True, text=True, check=False)
    assert (done.returncode, "more than 2 events" in done.stderr) == (4, True)


def test_too_many_layers_are_refused(tmp_path: Path) -> None:
    analysis = pipeline.analyze([str(nested(tmp_path))], Options(limits=Limits(depth=2)))
    assert [error.reason for error in analysis.refused] == ["packed in too many layers"]


@pytest.mark.parametrize("limit", HIT)
def test_fleets_have_the_same_limits(limit: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    make, told = HIT[limit]
    store = tmp_path / "store"
    command = [*COMMAND, "fleet", str(make(tmp_path)), "--store", str(store), "--limit", limit, "--csv", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, told in done.stderr, "Traceback" in done.stderr) == (4, True, False)
    assert told in (tmp_path / "failures.csv").read_text()
