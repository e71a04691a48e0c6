"""The child process: what it says is kept, whatever becomes of it; no traceback and no temporary file escapes."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from triage import inputs, pipeline, vmcore
from triage.errors import CoreError, InputError, LimitError
from triage.vmcore import parent, wire

CORE = "6.12-dentry-consume-2cpu-elf"
IDENTITY = wire.encode("facts", {"format": "elf", "types": "btf", "page_shift": 12}).encode() + b"\n"


def answered(monkeypatch, answer, ended=None):
    """CoreFacts from an answer as if a child had given it."""
    monkeypatch.setattr(parent, "_call", lambda *_: (answer, ended))
    return parent.run(wire.Request(path="vmcore"), 1, 1 << 30)


def test_a_core_is_read_by_a_child(core_path):
    facts = vmcore.inspect(str(core_path(CORE)))
    assert facts.notes == ()
    assert [page.type for page in facts.pages] == ["slab"]
    assert facts.crash["victim_cpu"] == 0


def test_pages_and_addresses_that_are_asked_for(core_path):
    path = str(core_path(CORE))
    poisoned = vmcore.inspect(path).pages[0]
    facts = vmcore.inspect(path, pfns=[1 << 40], addresses=[poisoned.physical_address + 100, 0xFFFF000000000000])
    assert [page.pfn for page in facts.pages] == [poisoned.pfn, 1 << 40]
    assert facts.pages[1].type == "no-struct-page"
    assert facts.pages[1].poisoned is None
    assert any("0xffff000000000000 is not mapped" in note for note in facts.notes)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"KDUMP   ", b"makedumpfile\0\0\0\0", b"text\n" * 1000])
def test_a_file_that_only_pretends(tmp_path, content):
    path = tmp_path / "vmcore"
    path.write_bytes(content)
    with pytest.raises(CoreError) as caught:
        vmcore.inspect(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_file_and_directory(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError):
            vmcore.inspect(str(path))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_cut_core_gives_what_is_there(core_path, tmp_path, share):
    data = core_path(CORE).read_bytes()
    path = tmp_path / "vmcore-incomplete"
    path.write_bytes(data[: int(len(data) * share)])
    facts = vmcore.inspect(str(path))
    assert facts.kernel is not None
    assert "cut short" in facts.notes[0]


def test_an_unusable_type_section_leaves_log_and_identity(core_path, tmp_path):
    data = bytearray(core_path(CORE).read_bytes())
    data = data.replace(b"\x9f\xeb\x01\x00\x18\x00\x00\x00", bytes(8))
    path = tmp_path / "vmcore"
    path.write_bytes(data)
    facts = vmcore.inspect(str(path))
    assert facts.types == "vmcoreinfo"
    assert "Memory failure" in (facts.log or "")
    assert facts.pages == ()
    assert any("BTF magic" in note for note in facts.notes)


def test_a_vmlinux_of_another_build_is_refused(core_path):
    facts = vmcore.inspect(str(core_path(CORE)), vmlinux=sys.executable)
    assert facts.types == "btf"
    assert any("refused" in note for note in facts.notes)


def test_time_limit(core_path):
    with pytest.raises(LimitError, match=r"more than 0\.01 seconds"):
        vmcore.inspect(str(core_path(CORE)), timeout=0.01)


def test_memory_limit(core_path):
    try:
        facts = vmcore.inspect(str(core_path(CORE)), memory=24 << 20)
    except CoreError as error:
        assert "\n" not in str(error)
    else:
        assert facts.notes


def test_what_was_said_before_the_end_is_kept(monkeypatch):
    fields = {"pfn": 5, "physical_address": 0x5000, "type": "slab", "type_now": "slab", "poisoned": True}
    page = wire.encode("page", fields).encode() + b"\n"
    facts = answered(monkeypatch, IDENTITY + page + b'{"part":"pa', "the core reader died of SIGSEGV")
    assert [page.pfn for page in facts.pages] == [5]
    assert facts.notes == ("the core reader died of SIGSEGV",)


def test_nonsense_from_the_child_is_noted(monkeypatch):
    facts = answered(monkeypatch, IDENTITY + b"garbage\n" + wire.encode("end", None).encode() + b"\n")
    assert facts.page_shift == 12
    assert len(facts.notes) == 1


def test_silence_is_an_error(monkeypatch):
    with pytest.raises(CoreError, match="SIGSEGV"):
        answered(monkeypatch, b"", "the core reader died of SIGSEGV")


def test_importing_loads_no_heavy_library():
    code = "import sys, triage.vmcore; print([m for m in ('drgn', 'capstone', 'subprocess') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_left_in_temporary_folders(core_path, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    vmcore.inspect(str(core_path(CORE)))
    assert list(tmp_path.iterdir()) == []


def test_minicore_gives_the_same_facts_again(core_path, tmp_path):
    source, small = str(core_path(CORE)), tmp_path / "again.core"
    before = vmcore.inspect(source, minicore=str(small))
    after = vmcore.inspect(str(small))
    assert {**vars_of(after), "path": ""} == {**vars_of(before), "path": ""}
    assert small.stat().st_size <= Path(source).stat().st_size


@pytest.mark.parametrize("suffix", [".zst", ".gz"])
def test_a_packed_minicore_is_small_and_reads_like_any_other(core_path, tmp_path, suffix):
    source, small = str(core_path(CORE)), tmp_path / f"again.core{suffix}"
    before = vmcore.inspect(source, minicore=str(small))
    assert small.stat().st_size < 1_000_000
    assert [path.name for path in tmp_path.iterdir()] == [small.name]
    (found,) = (each for each in inputs.find([str(small)]) if isinstance(each, inputs.CoreFile))
    assert vmcore.inspect(found.path).pages == before.pages


def test_minicore_that_cannot_be_written_is_noted(core_path, tmp_path):
    facts = vmcore.inspect(str(core_path(CORE)), minicore=str(tmp_path / "no" / "such" / "folder"))
    assert facts.pages
    assert any("minicore" in note for note in facts.notes)


def vars_of(facts):
    """The fields of CoreFacts as plain data."""
    return json.loads(wire.encode("facts", facts))["value"]


def test_without_drgn_a_core_says_what_to_install(core_path, tmp_path, monkeypatch):
    (tmp_path / "drgn.py").write_text("raise ModuleNotFoundError(\"No module named 'drgn'\", name='drgn')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CoreError, match="reading a core needs drgn: pip install drgn"):
        vmcore.inspect(str(core_path(CORE)))


def test_a_core_that_was_unpacked_is_refused_under_the_name_that_was_given(tmp_path):
    path = tmp_path / "vmcore.gz"
    path.write_bytes(gzip.compress(b"KDUMP   " + bytes(4096)))
    core = pipeline.one_core(str(path))
    with pytest.raises(CoreError) as caught:
        pipeline.core_facts(core)
    assert str(caught.value).startswith(f"{path}: ")
