"""The cage: what the process that reads a core can no longer do, tried in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vmcore.test_parent import CORE
from triage import vmcore

ALL = ["gain privileges", "write files", "use the network", "start programs"]
TRY = """
import ctypes, json, os, socket, sys
from triage.vmcore import cage
output, other, user = sys.argv[1] or None, sys.argv[2], int(sys.argv[3])
if user:
    os.setuid(user)
told = cage.enter(1 << 30, 5, output)
def refused(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return None
def write(path):
    with open(path, "wb") as file:
        file.write(b"x" * 10)
print(json.dumps({
    "told": told,
    "socket": refused(socket.socket),
    "pair": refused(socket.socketpair),
    "exec": refused(lambda: os.execv("/bin/true", ["true"])),
    "write": refused(lambda: write(other)),
    "make": refused(lambda: os.mkdir(other + ".d")),
    "remove": refused(lambda: os.unlink(other)),
    "output": refused(lambda: write(output)) if output else None,
    "read": refused(lambda: open("/proc/self/stat").read()),
}))
"""


def attempt(tmp_path: Path, output: Path | None, user: int = 0) -> dict[str, object]:
    other = tmp_path / "other"
    other.write_bytes(b"kept")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", TRY, str(output or ""), str(other), str(user)]
    done = subprocess.run(command, capture_output=True, env=env, check=True, timeout=60)
    assert other.read_bytes() == b"kept"
    return json.loads(done.stdout)


def tried(found: dict[str, object], name: str, means: str) -> bool:
    """Whether a thing was refused, where the kernel at hand can refuse it."""
    return found[name] is not None or means not in found["told"]


def test_everything_but_reading_is_refused(tmp_path: Path) -> None:
    found = attempt(tmp_path, None)
    assert set(found["told"]) <= set(ALL) and "gain privileges" in found["told"]
    for name, means in {"socket": "use the network", "pair": "use the network", "exec": "start programs"}.items():
        assert tried(found, name, means), name
    for name in ("write", "make", "remove"):
        assert tried(found, name, "write files"), name
    assert found["write"] is not None or os.environ.get("CI"), "the limit on file sizes holds on any kernel"
    assert found["read"] is None


def test_one_file_may_be_written(tmp_path: Path) -> None:
    output = tmp_path / "minicore"
    output.touch()
    found = attempt(tmp_path, output)
    assert found["output"] is None and output.read_bytes() == b"x" * 10
    assert tried(found, "write", "write files")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_it_holds_for_users_as_for_root(tmp_path: Path) -> None:
    assert attempt(tmp_path, None, 65534)["told"] == attempt(tmp_path, None)["told"]


def test_the_reader_is_in_a_session_of_its_own_from_the_start(core_path, tmp_path: Path, monkeypatch) -> None:
    """Before its first line of Python: what a terminal sends then is not for it."""
    told = tmp_path / "told"
    (tmp_path / "sitecustomize.py").write_text(
        f"import os\nopen({str(told)!r}, 'w').write(str(os.getsid(0) == os.getpid() == os.getpgid(0)))"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert vmcore.inspect(str(core_path(CORE))).pages and told.read_text() == "True"


def test_the_report_says_what_the_process_could_not_do(core_path) -> None:
    assert set(vmcore.inspect(str(core_path(CORE))).cage) <= set(ALL)


def test_a_minicore_is_written_whole_and_leaves_nothing_else(core_path, tmp_path: Path) -> None:
    target = tmp_path / "mini"
    assert vmcore.inspect(str(core_path(CORE)), minicore=str(target)).notes == ()
    assert target.read_bytes()[:4] == b"\x7fELF" and list(tmp_path.iterdir()) == [target]


def test_a_minicore_of_a_reader_that_is_stopped_leaves_the_old_one(core_path, tmp_path: Path) -> None:
    target = tmp_path / "mini"
    target.write_bytes(b"old")
    with pytest.raises(Exception, match="second"):
        vmcore.inspect(str(core_path(CORE)), minicore=str(target), timeout=0.01)
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_a_minicore_in_a_place_that_is_none_is_told(core_path, tmp_path: Path) -> None:
    target = tmp_path / "none" / "mini"
    facts = vmcore.inspect(str(core_path(CORE)), minicore=str(target))
    assert facts.pages and facts.notes == (f"minicore {target}: No such file or directory",)
