"""Cores of foreign machines, damaged ones and cut ones: what can be said is said, the rest has a reason of one line."""

import os
import re
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vmcore import cores
from triage import vmcore
from triage.errors import CoreError, LimitError
from triage.model import CoreFacts
from triage.vmcore import elf, parent, wire

X86, ARM = "6.12-dentry-consume-2cpu-elf", "6.12-arm64-incident-elf"
KERNEL = (
    "OSRELEASE=6.12.0-lab\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffff80002000\nSYMBOL(swapper_pg_dir)=ffffffff81a00000\n"
)


def inspect(path: Path, data: bytes) -> CoreFacts | None:
    """The facts of a core with this content; None if it was refused with one line."""
    path.write_bytes(data)
    try:
        facts = vmcore.inspect(str(path))
    except CoreError as error:
        assert not isinstance(error, LimitError)
        assert "\n" not in str(error)
        assert "reader" not in str(error)  # it neither died nor failed: it said why
        return None
    assert not any("\n" in note or "core reader" in note for note in facts.notes)
    return facts


@pytest.mark.parametrize(
    ("machine", "name"),
    [(243, "riscv64"), (21, "ppc64"), (22, "s390x"), (258, "loongarch64"), (3, "i386"), (999, "unknown")],
)
def test_a_core_of_another_architecture_says_so(tmp_path: Path, machine: int, name: str) -> None:
    notes = [elf.Note("CORE", 1, bytes(376)), elf.Note("VMCOREINFO", 0, KERNEL.encode())]
    facts = inspect(tmp_path / "vmcore", cores.build(notes, [(0x80000000, bytes(4096))], machine))
    assert facts is not None
    assert (facts.arch, facts.kernel, facts.pages) == (name, "6.12.0-lab", ())
    assert f"architecture {name}" in facts.notes[0]


@pytest.mark.parametrize(
    "info",
    ["", "OSRELEASE=6.12.0\n", KERNEL.replace("4096", "banana"), KERNEL.replace("4096", "3"), KERNEL[:20], "\xff" * 99],
)
def test_a_core_whose_vmcoreinfo_says_nothing_is_refused(tmp_path: Path, info: str) -> None:
    note = elf.Note("VMCOREINFO", 0, info.encode("latin-1"))
    assert inspect(tmp_path / "vmcore", cores.build([note], [(0, bytes(4096))])) is None


class Mini:
    """A minicore's bytes, with what its notes say of where things lie."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        with path.open("rb") as file:
            self.core = elf.read(file)
        (text,) = (note.data.decode() for note in self.core.notes if note.name == "VMCOREINFO")
        self.info = dict(re.findall(r"^(\S+?)=(\S+)$", text, re.MULTILINE))

    def offset(self, physical: int) -> int | None:
        """Where a physical address lies in the file."""
        for segment in self.core.segments:
            if segment.type == elf.PT_LOAD and segment.physical <= physical < segment.physical + segment.file_size:
                return segment.offset + physical - segment.physical
        return None

    def image(self, symbol: str) -> int:
        """The physical address of a symbol of the kernel image."""
        address = int(self.info[f"SYMBOL({symbol})"], 16)
        if base := self.info.get("NUMBER(phys_base)"):
            return address - 0xFFFFFFFF80000000 + int(base)
        return (address - int(self.info["NUMBER(kimage_voffset)"], 0)) & (1 << 64) - 1

    def entries(self, table: int, level: int = 4) -> Iterator[tuple[int, int]]:
        """(level, offset in the file) of each entry of the kernel's page tables that leads to something in it."""
        at = self.offset(table)
        for index, word in enumerate(struct.unpack_from("<512Q", self.data, at) if at is not None else ()):
            target = word & 0x0000FFFFFFFFF000
            if word & 1 and self.offset(target) is not None:
                assert at is not None
                yield level, at + 8 * index
                if level > 1:
                    yield from self.entries(target, level - 1)


@pytest.fixture(scope="module")
def mini(core_path):
    return {name: Mini(core_path(name)) for name in (X86, ARM)}


@pytest.mark.parametrize("part", ["num_syms", "names", "token_table", "token_index", "offsets", "relative_base"])
@pytest.mark.parametrize("how", ["zeroed", "unnamed"])
def test_without_kallsyms_the_log_remains(mini, tmp_path: Path, part: str, how: str) -> None:
    data = bytearray(mini[X86].data)
    if how == "unnamed":
        data = data.replace(f"SYMBOL(kallsyms_{part})=".encode(), f"SYMBOL(kallsyms_{part[:-1]}?)=".encode())
    else:
        at = mini[X86].offset(mini[X86].image(f"kallsyms_{part}"))
        assert at is not None
        data[at : at + 64] = bytes(64)
    facts = inspect(tmp_path / "vmcore", bytes(data))
    assert facts is not None
    assert "Memory failure" in (facts.log or "")
    assert facts.types == "btf" or facts.notes[0].startswith("no types in the core: ")


@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("bit", [0, 13])
@pytest.mark.parametrize("name", [X86, ARM])
def test_a_flipped_bit_in_a_page_table_invents_no_page(mini, tmp_path: Path, name: str, level: int, bit: int) -> None:
    found = [at for depth, at in mini[name].entries(mini[name].image("swapper_pg_dir")) if depth == level]
    data = bytearray(mini[name].data)
    data[found[bit % len(found)] + bit // 8] ^= 1 << bit % 8
    facts = inspect(tmp_path / "vmcore", bytes(data))
    assert facts is not None
    assert {page.pfn for page in facts.pages} <= {page["pfn"] for page in cores.truth(name)["pages"]}
    assert facts.kernel == cores.truth(name)["kernel"]


def test_a_core_that_is_cut_anywhere_says_so(mini, tmp_path: Path) -> None:
    """In the ELF header, in each of the tables, behind the notes, and inside the first and the last segments."""
    core, size = mini[X86].core, len(mini[X86].data)
    notes, *loads = sorted(core.segments, key=lambda segment: segment.offset)
    places = [0, 1, 40, 63, 64, 100, notes.offset - 1, notes.offset, notes.offset + notes.file_size // 2]
    places += [loads[0].offset, loads[0].offset + 1, loads[len(loads) // 2].offset + 100, loads[-1].offset, size - 1]
    for place in places:
        facts = inspect(tmp_path / "vmcore-incomplete", mini[X86].data[:place])
        if place >= loads[0].offset:
            assert facts is not None
        if facts is not None:
            assert "cut short" in facts.notes[0]
            assert {page.pfn for page in facts.pages} <= {page["pfn"] for page in cores.truth(X86)["pages"]}


def test_a_reader_that_is_killed_leaves_what_it_had_said(core_path, tmp_path: Path) -> None:
    """A real run, its reader killed once it has told the log: the verdict is of that, the exit code says in part."""
    command = [sys.executable, "-c", "from triage.cli import main; main()", "analyze", str(core_path(X86))]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    child = None
    end = time.monotonic() + 30
    while run.poll() is None and time.monotonic() < end:
        if child is None:
            children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
            child = next(
                (pid for pid in children if b"vmcore.child" in Path(f"/proc/{pid}/cmdline").read_bytes()), None
            )
        elif int(re.search(r"wchar: (\d+)", Path(f"/proc/{child}/io").read_text())[1]) > 20_000:
            os.kill(int(child), signal.SIGKILL)
            break
        time.sleep(0.001)
    out, said = run.communicate(timeout=60)
    assert run.returncode == 4
    assert b"the core reader was killed" in said
    assert b"Traceback" not in said
    assert b"MEMORY ERROR" in out


def test_a_reader_that_the_system_kills_is_not_said_to_have_run_out_of_time(monkeypatch) -> None:
    killed = subprocess.CompletedProcess([], -signal.SIGKILL, b"", b"")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: killed)
    with pytest.raises(CoreError, match="killed"):
        parent.run(wire.Request(path="vmcore"), 60, 1 << 30)
