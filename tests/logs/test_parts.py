"""A log read in parts gives the events, their order and the residue of one that is read from end to end."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.samples import FOLDER, Sample
from triage.config import Limits, processors
from triage.inputs import LogText
from triage.logs import parts
from triage.logs.parse import Parser
from triage.model import Event

LOGS = [Sample.read(path).log for path in sorted(FOLDER.glob("*.log"))]
COMMAND = [sys.executable, "-c", "from triage.cli import main; main()"]
RECORD = """{{{n}}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 1
{{{n}}}[Hardware Error]: event severity: recoverable
{{{n}}}[Hardware Error]:  Error 0, type: recoverable
{{{n}}}[Hardware Error]:   section_type: memory error
{{{n}}}[Hardware Error]:   physical_address: 0x{n:016x}
Memory failure: {n:#x}: recovery action for reserved kernel page: Ignored
"""
STORM = "".join(RECORD.format(n=n) for n in range(1, 4000)).encode()
LIMITS = Limits()
Read = tuple[list[Event], list[tuple[int, str]], tuple[str, ...]]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SIZE", 50_000)
    monkeypatch.setattr(parts, "DENSE", 100)


def whole(data: bytes, limits: Limits = LIMITS) -> Read:
    text = LogText("log", data)
    parser = Parser(text, limits)
    return list(parser.events()), parser.residue, text.notes


def in_parts(data: bytes, processes: int = 2, limits: Limits = LIMITS) -> Read:
    text = LogText("log", data)
    told = parts.Parts(text, limits, lambda event: event, processes)
    return list(told), told.residue, text.notes


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(LOGS), st.floats(0, 1), st.integers(500, 20_000)), min_size=1, max_size=8),
    st.sampled_from([b"\n", b"", b"\n\n"]),
    st.booleans(),
    st.sampled_from([300, 1000, 5000]),
)
def test_wherever_a_log_is_cut(pieces: list[tuple[bytes, float, int]], glue: bytes, mixed: bool, size: int) -> None:
    data = glue.join(log[int(len(log) * place) :][:length] for log, place, length in pieces)
    if mixed:  # two reports whose lines alternate
        lines = data.split(b"\n")
        data = b"\n".join(line for pair in zip(lines, reversed(lines), strict=True) for line in pair)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "SIZE", size)
        patch.setattr(parts, "DENSE", sys.maxsize)  # all in this process
        assert in_parts(data) == whole(data)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_however_many_processes_read(processes: int) -> None:
    assert len(list(parts.parts(STORM))) > 20
    assert in_parts(STORM, processes) == whole(STORM)
    assert not multiprocessing.active_children()


def test_one_process_reads_what_another_died_over(monkeypatch: pytest.MonkeyPatch) -> None:
    own, read = os.getpid(), parts.Parts.read

    def dies(self: parts.Parts[Event], part: parts.Part) -> parts.Told[Event]:
        if os.getpid() != own and part.number % 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return read(self, part)

    monkeypatch.setattr(parts.Parts, "read", dies)
    assert in_parts(STORM) == whole(STORM)


def test_without_more_processes_one_reads_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(work: Callable[[], object]) -> parts.Child:
        raise BlockingIOError

    monkeypatch.setattr(parts, "Child", none)
    assert in_parts(STORM) == whole(STORM)


def test_parts_that_nobody_asks_for_are_not_read_on() -> None:
    told = iter(parts.Parts(LogText("log", STORM), Limits(), lambda event: event, 2))
    next(told)
    assert multiprocessing.active_children()
    del told
    assert not multiprocessing.active_children()


def test_the_bound_on_lines_is_that_of_the_whole_log() -> None:
    limits = Limits(lines=10_000)
    found, _, notes = in_parts(STORM, limits=limits)
    events, _, (note,) = whole(STORM, limits)
    assert found[:-9] == events[: len(found) - 9]  # but for what is cut by the bound,
    assert abs(len(found) - len(events)) < 9  # which the lines behind a seam may move
    assert [text.partition(" near ")[0] for text in notes] == ["more than 10000 lines"] == [note.partition(" near ")[0]]


def test_a_line_without_end_is_one_part() -> None:
    data = b"[    1.000000] EDAC MC0: 1 CE " + b"x" * 200_000 + b"\n" + STORM[:60_000] + b"\0" * 200_000
    assert in_parts(data) == whole(data)


@pytest.fixture
def big(tmp_path: Path) -> Iterator[Path]:
    """A log of several parts of the usual size."""
    path = tmp_path / "storm"
    path.write_bytes(STORM * 8)
    assert path.stat().st_size > 2 * (2 << 20)
    yield path


@pytest.mark.skipif(processors() < 2, reason="one processor")
def test_the_command_prints_the_same_on_one_processor_and_on_all(big: Path) -> None:
    def one() -> None:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    command = [*COMMAND, "log", str(big)]
    alone = subprocess.run(command, capture_output=True, check=True, preexec_fn=one)
    assert subprocess.run(command, capture_output=True, check=True).stdout == alone.stdout
    assert len(alone.stdout.splitlines()) == 8 * 2 * 3999
    assert json.loads(alone.stdout.splitlines()[-1])["first_line"] == 8 * 6 * 3999


@pytest.mark.skipif(processors() < 2, reason="one processor")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_processes(big: Path, sent: signal.Signals) -> None:
    run = subprocess.Popen([*COMMAND, "log", str(big)], stdout=subprocess.PIPE, start_new_session=True)
    assert run.stdout
    run.stdout.readline()
    os.killpg(run.pid, sent)
    run.stdout.close()
    assert run.wait(30) in (128 + sent, 141)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.killpg(run.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a process is still there")
