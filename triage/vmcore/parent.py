"""Runs the child process on one core and puts its answer together, whatever becomes of it."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from triage.errors import CoreError, InputError, LimitError
from triage.model import CoreFacts, PageFacts
from triage.vmcore import wire

_ROOT = Path(__file__).resolve().parents[2]
_MAX_REASON = 200


def run(request: wire.Request, timeout: float, memory: int) -> CoreFacts:
    """The facts of one core. What the child said before it died or ran out of time is kept and noted; CoreError or
    LimitError, with one reason, if it said nothing of use. A minicore is written whole or not at all, compressed if its
    name ends in .zst or .gz."""
    if request.minicore is None:
        return ask(request, timeout, memory)
    target = Path(request.minicore)
    temporary = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        if target.exists() and not target.is_file():
            raise FileExistsError(errno.EEXIST, "not a regular file")
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        facts = ask(replace(request, minicore=str(temporary)), timeout, memory)
        failed = [note for note in facts.notes if str(temporary) in note]
        if temporary.stat().st_size and not failed:
            _pack(temporary, target.suffix)
            temporary.replace(target)
    except OSError as error:
        facts = ask(replace(request, minicore=None), timeout, memory)
        return replace(facts, notes=(*facts.notes, f"minicore {target}: {error.strerror}"))
    finally:
        temporary.unlink(missing_ok=True)
    return replace(facts, notes=tuple(note.replace(str(temporary), str(target)) for note in facts.notes))


def _pack(path: Path, suffix: str) -> None:
    """Compress a file in place if the name it will have says so: `.zst`, `.gz`."""
    if suffix == ".zst":
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
        path.write_bytes(zstd.compress(path.read_bytes()))
    elif suffix == ".gz":
        import gzip

        path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def ask(request: wire.Request, timeout: float, memory: int) -> CoreFacts:
    """Run the child; where it found no types, or debuginfod is to be asked anyway, once more with what that gives."""
    with _rearranged(request.path) as whole:
        if whole is None:
            return _ask_twice(request, timeout, memory)
        try:
            facts = _ask_twice(replace(request, path=whole), timeout, memory)
        except InputError as error:
            raise type(error)(request.path, f"cut short, {error.reason}") from error
    notes = (note.replace(whole, request.path) for note in facts.notes)
    return replace(facts, path=request.path, format="flattened", notes=("the file is cut short", *notes))


@contextmanager
def _rearranged(path: str) -> Iterator[str | None]:
    """The path of a plain form, gone afterwards, of a flattened dump that was cut short; None for everything else."""
    from triage.vmcore import detect, flattened

    if detect.magic(path) != "flattened":
        yield None
        return
    with Path(path).open("rb") as file:
        if not flattened.is_cut(file):
            yield None
            return
        with tempfile.TemporaryFile() as plain:
            try:
                flattened.rearrange(file, plain)
            except OSError as error:
                raise CoreError(path, f"cut short, and cannot be rearranged: {error.strerror}") from error
            yield f"/proc/self/fd/{plain.fileno()}"


def _ask_twice(request: wire.Request, timeout: float, memory: int) -> CoreFacts:
    facts = _ask(request, timeout, memory)
    needed = facts.types == "vmcoreinfo" and "DEBUGINFOD_URLS" in os.environ
    wanted = request.debuginfod and facts.types == "btf" and request.minicore is None
    return _with_debuginfod(request, facts, timeout, memory) if needed or wanted else facts


def _with_debuginfod(request: wire.Request, facts: CoreFacts, timeout: float, memory: int) -> CoreFacts:
    """The facts of a core with the debug information that a server has of its build; else what was known, and why."""
    from triage.vmcore import debuginfod

    notes: list[str] = []
    found = debuginfod.find(facts.build_id, notes)
    if found is None:
        return replace(facts, notes=(*facts.notes, *notes))
    with found[0] as file:
        name = f"/proc/self/fd/{file.fileno()}"
        again = _ask(replace(request, vmlinux=name), timeout, memory)
    told = tuple(note.replace(name, f"debuginfod {found[1]}") for note in again.notes)
    return replace(again, types=again.types.replace(name, found[1]), notes=(*told, *notes))


def _ask(request: wire.Request, timeout: float, memory: int) -> CoreFacts:
    """Run the child and put its answer together."""
    answer, ended = _call(request, timeout, memory)
    parts = Parts(request.path)
    for line in answer.splitlines(keepends=True):
        if not line.endswith(b"\n"):
            break  # the child died while it wrote this
        try:
            parts.add(*wire.decode(line))
        except wire.WireError as error:
            parts.notes.append(f"the answer of the core reader was damaged: {error}")
    return parts.facts(ended)


def _call(request: wire.Request, timeout: float, memory: int) -> tuple[bytes, str | None]:
    """What the child wrote, and why it ended early if it did."""
    command = [sys.executable, "-m", "triage.vmcore.child", str(memory), str(max(1, int(timeout) + 1))]
    text = json.dumps({field: getattr(request, field) for field in request.__dataclass_fields__}).encode()
    # a core that was unpacked, or debug information that was fetched, into a file without a name
    held = (re.fullmatch(r"/proc/self/fd/(\d+)", path) for path in (request.path, request.vmlinux or ""))
    files = [int(match[1]) for match in held if match]
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, timeout=timeout, env=environment(), pass_fds=files, check=False,
            start_new_session=True,  # from its first instruction: signals of the terminal are the parent's
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return error.stdout or b"", f"it took more than {timeout:g} seconds"
    except OSError as error:  # no process, no pipe to be had
        raise CoreError(request.path, f"the core reader cannot be asked: {error.strerror or error}") from error
    if done.returncode == 0:
        return done.stdout, None
    if done.returncode == -signal.SIGXCPU:
        return done.stdout, f"it took more than {timeout:g} seconds"
    if done.returncode == -signal.SIGKILL:
        return done.stdout, "the core reader was killed (SIGKILL), as a rule for lack of memory in the system"
    if done.returncode < 0:
        return done.stdout, f"the core reader died of {signal.Signals(-done.returncode).name}"
    return done.stdout, f"the core reader failed: {_last_line(done.stderr)}"


def environment() -> dict[str, str]:
    """The child finds this package wherever it lies, and loads no drgn plugins."""
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": path, "DRGN_DISABLE_PLUGINS": "*", "DRGN_PLUGINS": "", "PYTHONSAFEPATH": "1"}


def _last_line(text: bytes) -> str:
    lines = text.decode("utf-8", "replace").strip().splitlines()
    return lines[-1][:_MAX_REASON] if lines else "no reason given"


class Parts:
    """The parts that came, as far as they are sound."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.fields: dict[str, Any] = {}
        self.pages: list[PageFacts] = []
        self.notes: list[str] = []
        self.error: str | None = None
        self.finished = False

    def add(self, part: str, value: Any) -> None:
        """Take one message; WireError if it is not sound."""
        match part:
            case "facts":
                self.fields |= wire.check_fields(CoreFacts, value)
            case "page":
                self.pages.append(wire.build(PageFacts, value))
            case "error":
                self.error = str(value)[:_MAX_REASON]
            case "end":
                self.finished = True

    def facts(self, ended: str | None) -> CoreFacts:
        """All of it as CoreFacts."""
        if not self.fields.keys() >= {"format", "types"}:
            if ended is not None and "seconds" in ended:
                raise LimitError(self.path, ended)
            raise CoreError(self.path, self.error or ended or "the core reader said nothing")
        notes = [*self.fields.get("notes", ()), *self.notes]
        notes += [reason for reason in (self.error, ended) if reason]
        fields = self.fields | {"path": self.path, "pages": tuple(self.pages), "notes": tuple(notes)}
        return CoreFacts(**fields)
