"""What goes wrong around a run: signals, closed pipes, full disks, a killed reader. Old output stays, nothing stray."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.vmcore.cores import CORES, unpack
from triage import terminal
from triage.cli import main
from triage.terminal import CLOSED_PIPE, INTERRUPTED, TERMINATED

LOGS = Path(__file__).parents[1] / "fixtures" / "logs"
LOG = LOGS / "mce-panic.log"
COMMAND = [sys.executable, "-c", "from triage.cli import main; main()"]
FORMS = ("--html", "--markdown", "--text", "--json", "--redact-map")


def start(*arguments: str | Path, **options: object) -> subprocess.Popen[bytes]:
    command = [*COMMAND, *(str(a) for a in arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def wait_for_read(pid: int) -> None:
    """Until a process waits for its standard input: read(0, ...) is system call 0 on x86-64, 63 on arm64."""
    for _ in range(500):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/syscall").read_text().startswith(("0 0x0 ", "63 0x0 ")):
                return
        time.sleep(0.02)


def silent(error: bytes) -> bool:
    """Whether nothing of Python's own is on stderr."""
    return b"Traceback" not in error and b"Exception ignored" not in error


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_a_signal_ends_a_run_that_waits_for_input(sent: signal.Signals, code: int) -> None:
    reading = start("log", LOG, "-")
    wait_for_read(reading.pid)
    reading.send_signal(sent)
    out, said = reading.communicate(timeout=30)
    assert (reading.returncode, silent(said)) == (code, True)
    assert [json.loads(line) for line in out.splitlines()]


def test_an_interrupted_analysis_reports_what_it_had_read(tmp_path: Path) -> None:
    report = tmp_path / "a.json"
    reading = start("analyze", LOG, "-", "--json", report)
    wait_for_read(reading.pid)
    reading.send_signal(signal.SIGINT)
    out, said = reading.communicate(timeout=30)
    assert (reading.returncode, silent(said), b"interrupted" in said) == (INTERRUPTED, True, True)
    (case,) = json.loads(report.read_text())["cases"]
    assert case["verdict"] and "ended early" in json.dumps(case["notes"]) and out


def test_a_second_interrupt_ends_it_at_once(tmp_path: Path) -> None:
    pipe, report = tmp_path / "pipe", tmp_path / "a.json"
    os.mkfifo(pipe)  # the run waits for somebody who reads its report
    report.write_text("old")
    run = start("analyze", LOG, "-", "--html", pipe, "--json", report)
    wait_for_read(run.pid)
    run.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(timeout=3)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=30)
    assert (run.returncode, silent(said), report.read_text()) == (INTERRUPTED, True, "old")
    assert sorted(tmp_path.iterdir()) == [report, pipe]


def test_a_termination_writes_nothing(tmp_path: Path) -> None:
    reading = start("analyze", LOG, "-", "--html", tmp_path / "a.html")
    wait_for_read(reading.pid)
    reading.send_signal(signal.SIGTERM)
    _, said = reading.communicate(timeout=30)
    assert (reading.returncode, silent(said), list(tmp_path.iterdir())) == (TERMINATED, True, [])


def test_a_signal_at_any_moment_leaves_the_old_report_or_the_new_one(tmp_path: Path) -> None:
    report = tmp_path / "a.html"
    report.write_text("old")
    for moment in range(1, 12):
        run = start("analyze", LOG, "--html", report)
        time.sleep(moment * 0.08)
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=30)
        assert [path.name for path in tmp_path.iterdir()] == ["a.html"]
        text = report.read_text()
        assert text == "old" or text.rstrip().endswith("</html>")


@pytest.mark.parametrize(
    "arguments", [("log", *sorted(LOGS.glob("*.log"))), ("analyze", LOG), ("analyze", LOG, "--json", "-")]
)
def test_a_closed_pipe_ends_it_without_a_word(arguments: tuple[str | Path, ...]) -> None:
    run = start(*arguments)
    assert run.stdout is not None
    run.stdout.close()
    assert run.stderr is not None
    said = run.stderr.read()
    assert run.wait(timeout=60) == CLOSED_PIPE
    assert silent(said) and b"Broken" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux only")
@pytest.mark.parametrize(
    "arguments", [("log", LOG), ("log", LOG, "--csv"), ("analyze", LOG), ("analyze", LOG, "--json", "-")]
)
def test_a_full_disk_under_stdout_is_one_line(arguments: tuple[str | Path, ...]) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        command = [*COMMAND, *(str(a) for a in arguments)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (done.returncode, done.stderr.decode()) == (2, "Error: standard output: No space left on device\n")


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    run = start("analyze", LOG, "--html", pipe)
    assert pipe.read_text().rstrip().endswith("</html>")
    run.communicate(timeout=30)
    assert (run.returncode, pipe.is_fifo()) == (0, True)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    terminal.write(str(link), "new")
    assert (link.is_symlink(), target.read_text()) == (True, "new")


def failing(call: Callable[..., object], at: int) -> Callable[..., object]:
    """A function whose call number `at` finds the disk full."""
    calls = 0

    def wrapped(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == at:
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments, **named)

    return wrapped


STEPS = ((os, "link"), (os, "fsync"), (os, "fchmod"), (Path, "replace"))


@pytest.mark.parametrize("at", range(1, len(FORMS) + 1))
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_each_write_of_a_run_may_fail(
    owner: object, name: str, at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [tmp_path / form.strip("-") for form in FORMS]
    old = {path: "{}" if path.name == "redact-map" else "old" for path in wanted}
    for path, text in old.items():
        path.write_text(text)
    monkeypatch.setattr(owner, name, failing(getattr(owner, name), at))
    arguments = [str(x) for pair in zip(FORMS, wanted, strict=True) for x in pair]
    result = CliRunner().invoke(main, ["analyze", str(LOG), *arguments])
    monkeypatch.undo()
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)
    assert "No space left on device" in result.output and "Traceback" not in result.output
    assert sorted(tmp_path.iterdir()) == sorted(wanted)
    kept = [path for path in wanted if path.read_text() == old[path]]
    assert wanted[at - 1] in kept


def test_a_killed_core_reader_is_told_and_its_log_is_still_analysed(tmp_path: Path) -> None:
    core = tmp_path / "vmcore"
    unpack(CORES / "6.12-dentry-consume-alone-elf.core.zst", core)
    run = start("analyze", core, LOG, "--json", "-")
    child = None
    for _ in range(400):
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        child = next(
            (int(pid) for pid in children if b"vmcore.child" in Path(f"/proc/{pid}/cmdline").read_bytes()), None
        )
        if child:
            break
        time.sleep(0.02)
    assert child is not None
    os.kill(child, signal.SIGSEGV)
    out, said = run.communicate(timeout=60)
    assert run.returncode in (3, 4) and b"SIGSEGV" in said and silent(said)
    assert json.loads(out)["cases"]


def test_the_core_reader_ends_with_the_run_that_asked(tmp_path: Path) -> None:
    core = tmp_path / "vmcore"
    unpack(CORES / "6.12-dentry-consume-alone-elf.core.zst", core)
    run = start("analyze", core)
    children: list[str] = []
    while not children and run.poll() is None:
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        time.sleep(0.01)
    time.sleep(0.3)  # it is in its cage
    run.kill()
    run.communicate(timeout=30)
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in children):
            break
        time.sleep(0.05)
    assert children and not any(Path(f"/proc/{pid}").exists() for pid in children)
