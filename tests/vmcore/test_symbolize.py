"""Source lines come from the debug information of the crash's own kernel; a program compiled here stands for it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from triage.errors import InputError
from triage.model import Crash, Frame, Trace
from triage.vmcore import symbolize

SOURCE = """static const char banner[] __attribute__((used)) = "Linux version 6.12.0-lab (lab@guest) #1";
static inline __attribute__((always_inline)) int inner(volatile int *p)
{
    return *p + 1;
}
__attribute__((noinline)) int lookup(volatile int *p)
{
    int found = inner(p);
    return found * 3;
}
int main(void)
{
    volatile int n = 4;
    int out = lookup(&n);
    return out + n;
}
"""

pytestmark = pytest.mark.skipif(not shutil.which("gcc") or not shutil.which("nm"), reason="needs gcc and binutils")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("drgn")
    folder = tmp_path_factory.mktemp("vmlinux")
    (folder / "lookup.c").write_text(SOURCE)
    subprocess.run(["gcc", "-g", "-O1", "-no-pie", "-o", "vmlinux", "lookup.c"], cwd=folder, check=True)
    return folder / "vmlinux"


def size_of(program: Path, function: str) -> int:
    table = subprocess.run(["nm", "-S", str(program)], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^\w+ (\w+) T {function}$", table, re.M)
    assert found
    return int(found[1], 16)


def crash(program: Path, kernel: str = "6.12.0-lab", **changes: object) -> Crash:
    frame = Frame(function="lookup", offset=0, size=size_of(program, "lookup"))
    fields = {"kind": "oops", "source": "x", "first_line": 1, "last_line": 9, "header": (), "kernel": kernel}
    fields |= {"function": "lookup", "offset": 0, "size": frame.size}
    fields |= {"traces": (Trace(heading="Call Trace:", frames=(frame, Frame(function="gone", offset=1, size=2))),)}
    return Crash(**(fields | changes))  # type: ignore[arg-type]


def test_lines_and_inlined_functions(program: Path) -> None:
    (told,) = symbolize.symbolized([crash(program)], str(program))
    assert [(f.function, f.inline, Path(f.file or "").name, f.line) for f in told.traces[0].frames] == [
        ("inner", True, "lookup.c", 4),
        ("lookup", False, "lookup.c", 8),
        ("gone", False, "", None),
    ]
    assert [line.rpartition("/")[2] for line in told.detail["source"]] == ["lookup.c:4", "lookup.c:8"]


def test_a_stale_return_address_gets_its_line_and_nothing_that_was_inlined_there(program: Path) -> None:
    stale = Frame(function="lookup", offset=1, size=size_of(program, "lookup"), reliable=False)
    trace = Trace(heading="Call Trace:", frames=(stale,))
    (told,) = symbolize.symbolized([crash(program, traces=(trace,), function=None)], str(program))
    assert [(f.function, f.inline, Path(f.file or "").name) for f in told.traces[0].frames] == [
        ("lookup", False, "lookup.c")
    ]


def test_an_inlined_frame_of_a_core_has_no_offset_of_the_function_around_it() -> None:
    pytest.importorskip("drgn")
    from triage.vmcore import crash as crashed

    class Core:
        symbol = staticmethod(lambda address: ("__x64_sys_mkdir", address - 0xFFFFFFFF81000000, 96))
        module_of = staticmethod(lambda address: None)

    def frame(name: str, inline: bool) -> SimpleNamespace:
        source = ("fs/namei.c", 4364, 0)
        return SimpleNamespace(
            name=name, is_inline=inline, interrupted=False, pc=0xFFFFFFFF81000046, source=lambda: source
        )

    inner, outer = (
        crashed._frame(Core, frame(*each)) for each in (("__do_sys_mkdir", True), ("__x64_sys_mkdir", False))
    )
    assert (inner["inline"], inner["file"], inner["line"]) == (True, "fs/namei.c", 4364)
    assert "offset" not in inner
    assert (outer["offset"], outer["size"]) == (0x46, 96)


def test_a_frame_of_another_size_or_of_a_module_is_left_alone(program: Path) -> None:
    frames = (
        Frame(function="lookup", offset=0, size=4096),
        Frame(function="lookup", offset=0, size=size_of(program, "lookup"), module="ext4"),
    )
    untouched = crash(program, traces=(Trace(heading="Call Trace:", frames=frames),), function=None)
    (told,) = symbolize.symbolized([untouched], str(program))
    assert told.traces == untouched.traces


def test_another_kernel_s_vmlinux_is_refused(program: Path) -> None:
    with pytest.raises(InputError, match=r"is Linux 6\.12\.0-lab, the crash is of 6\.1\.0"):
        symbolize.symbolized([crash(program, kernel="6.1.0")], str(program))


def test_a_file_without_debug_information_is_refused(tmp_path: Path, program: Path) -> None:
    other = tmp_path / "vmlinux"
    other.write_bytes(b"no ELF at all")
    with pytest.raises(InputError, match="debug information"):
        symbolize.symbolized([crash(program)], str(other))


def test_a_debug_directory_is_searched_by_release(tmp_path: Path, program: Path) -> None:
    (tmp_path / "boot").mkdir()
    target = tmp_path / "boot" / "vmlinux-6.12.0-lab"
    target.symlink_to(program)
    assert symbolize.find_vmlinux([str(tmp_path)], "6.12.0-lab") == str(target)
    assert symbolize.find_vmlinux([str(tmp_path)], "6.1.0") is None
    assert symbolize.find_vmlinux([str(tmp_path)], None) is None


@pytest.mark.parametrize("answer", ["{}", "[]", "[1]", "[[[1, 2, 3]]]", '[[["f", "a.c", true]]]', "[[]] [[]]", "{"])
def test_an_answer_that_is_not_sound_is_not_used(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    """The child reads a hostile file with code written in C."""
    child = tmp_path / "python"
    child.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
    child.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(child))
    with pytest.raises(InputError, match="debug information cannot be read"):
        symbolize.look_up(str(program), [symbolize.Place("f", 1, 2, True)])
