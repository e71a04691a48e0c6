"""Every call that a run makes fails once, and a signal comes at every one: old output or new, nothing stray, no trace.

The calls are counted by strace and not by guesses: the n-th is met for every n that there is. Both processes are looked
at: the one that analyses, and the child that reads a core.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.traced import STRACE, Ended, Runs
from tests.vmcore.cores import CORES, unpack
from triage.terminal import INTERRUPTED, TERMINATED

LOG = Path(__file__).parents[1] / "fixtures" / "logs" / "mce-panic.log"
CORE = "6.12-dentry-consume-alone-elf.core.zst"
FAILURES = {0, 2, 3, 4}  # 0: what failed was not needed
DAMAGED_HEAP = {-signal.SIGSEGV, -signal.SIGABRT}  # C code that does not look whether it got memory
SPREAD = 4  # calls of each kind that fail in the reader of a core
SIGNALLED = ("openat", "read", "write", "fsync", "linkat", "rename", "unlink", "close", "mmap", "fchmod")

OUTPUTS: dict[str, Callable[[str], bool]] = {
    "a.html": lambda text: text.startswith("<!doctype html>") and text.rstrip().endswith("</html>"),
    "a.md": lambda text: text.startswith("## ") and text.endswith("\n"),
    "a.txt": lambda text: len(text) > 500 and text.endswith("\n"),
    "a.json": lambda text: bool(json.loads(text)["cases"]),
    "map": lambda text: isinstance(json.loads(text), dict),
    "mini": lambda text: text.startswith("\x7fELF") and "VMCOREINFO" in text,
}
SCENES = {
    "log": "analyze console.log --html a.html --markdown a.md --text a.txt --json a.json --redact-map map",
    "core": "analyze vmcore console.log --json a.json --minicore mini",
}


def strace_works() -> bool:
    """Whether strace is here and may trace."""
    return STRACE is not None and not subprocess.run([STRACE, "true"], capture_output=True, check=False).returncode


pytestmark = pytest.mark.skipif(not strace_works(), reason="no strace here, or it may not trace")


def scene(name: str, folder: Path) -> Runs:
    """A folder with the inputs and an older output of each kind, and runs in it."""
    template, scratch = folder / "template", folder / "scratch"
    template.mkdir(), scratch.mkdir()
    (template / "console.log").write_bytes(LOG.read_bytes())
    if name == "core":
        unpack(CORES / CORE, template / "vmcore")
    for output in OUTPUTS.keys() & set(SCENES[name].split()):
        (template / output).write_text("{}" if output == "map" else "old")
    return Runs(SCENES[name].split(), template, scratch)


def check(ended: Ended, codes: set[int], arguments: str) -> bool:
    """What holds however a run ended."""
    story = f"{ended.call}\ncode {ended.code}\n{ended.said[-500:]}"
    inputs, wanted = {"console.log", "vmcore"}, OUTPUTS.keys() & set(arguments.split())
    assert {path.name for path in ended.folder.iterdir()} - inputs == wanted, story
    assert ended.code in codes, story
    assert "Traceback" not in ended.said and "Exception ignored" not in ended.said, story
    new = set()
    for name in wanted:
        text = (ended.folder / name).read_bytes().decode("utf-8", "replace")
        if text not in ("old", "{}"):
            assert OUTPUTS[name](text), f"{name} is damaged\n{story}"
            new.add(name)
    if ended.code == 0:
        assert new == wanted, story
    elif ended.code in FAILURES:
        assert re.search(r"(?m)^(?:Error|triage): .+", ended.said), story
    return True


CASES = [
    ("log", "openat:error=EMFILE"), ("log", "openat:error=ENOSPC"), ("log", "read:error=EIO"),
    ("log", "write:error=ENOSPC"), ("log", "fsync:error=EIO"), ("log", "linkat:error=ENOSPC"),
    ("log", "rename:error=ENOSPC"), ("log", "fchmod:error=EPERM"), ("log", "mmap:error=ENOMEM"),
    ("log", "mremap:error=ENOMEM"), ("log", "brk:error=ENOMEM"), ("core", "vfork:error=EAGAIN"),
    ("core", "pipe2:error=EMFILE"), ("core", "openat:error=EMFILE"), ("core", "read:error=EIO"),
    ("core", "write:error=ENOSPC"), ("core", "rename:error=ENOSPC"), ("core", "mmap:error=ENOMEM"),
    ("core", "poll:error=ENOMEM"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_a_call_that_fails(name: str, fault: str, tmp_path: Path) -> None:
    codes = FAILURES | (DAMAGED_HEAP if fault.startswith("brk") else set())
    with scene(name, tmp_path) as runs:
        count = sum(check(each, codes, SCENES[name]) for each in runs.each(fault))
    assert count or fault.startswith(("brk", "mremap", "vfork")), "no such call"


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", INTERRUPTED), ("SIGTERM", TERMINATED)])
@pytest.mark.parametrize("call", SIGNALLED)
def test_a_signal_at_every_call(call: str, sent: str, code: int, tmp_path: Path) -> None:
    with scene("log", tmp_path) as runs:
        count = sum(check(each, {0, code}, SCENES["log"]) for each in runs.each(f"{call}:signal={sent}"))
    assert count


@pytest.mark.parametrize("call", ["openat", "pipe2", "vfork", "wait4", "rename"])
def test_a_signal_while_a_core_is_read(call: str, tmp_path: Path) -> None:
    with scene("core", tmp_path) as runs:
        for each in runs.each(f"{call}:signal=SIGINT"):
            check(each, {0, INTERRUPTED}, SCENES["core"])


@pytest.mark.parametrize("call", SIGNALLED)
def test_a_kill_at_every_call_leaves_old_output_or_new(call: str, tmp_path: Path) -> None:
    """Between the two calls that put a file in place nothing can be cleaned up: its other name stays."""
    with scene("log", tmp_path) as runs:
        for ended in runs.each(f"{call}:signal=SIGKILL"):
            kept = {path.name: path.read_text() for path in ended.folder.iterdir()}
            assert all(kept[name] in ("old", "{}") or OUTPUTS[name](kept[name]) for name in OUTPUTS if name in kept)
            stray = kept.keys() - OUTPUTS.keys() - {"console.log"}
            assert len(stray) <= (call in ("linkat", "rename", "close")), stray


READER = ("openat:error=EMFILE", "read:error=EIO", "pread64:error=EIO", "mmap:error=ENOMEM", "write:error=ENOSPC",
          "pread64:signal=SIGSEGV", "openat:signal=SIGKILL")  # fmt: skip


def test_the_reader_of_a_core_may_fail_anywhere(tmp_path: Path) -> None:
    """It makes tens of thousands of calls: a few of each kind, spread evenly from its start to its end."""
    with scene("core", tmp_path) as runs:
        assert runs.reader(None).code == 0
        calls = (runs.scratch / "calls").read_text(errors="replace").splitlines()
        for fault in READER:
            count = sum(call.startswith(f"{fault.split(':')[0]}(") for call in calls)
            for number in {1 + count * part // SPREAD for part in range(SPREAD)}:
                ended = runs.reader(f"{fault}:when={number}")
                assert ended.call, (fault, number)
                check(ended, FAILURES, SCENES["core"])
