"""What is put into the structures of a core comes out of them as it was."""

from __future__ import annotations

import string
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vmcore.test_btf import Blob
from triage.vmcore import corenotes, detect, elf, kernellog, opening
from triage.vmcore.btf import Btf, Kind

NAME = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=20)
NOTES = st.lists(st.builds(elf.Note, NAME, st.integers(0, 0xFFFFFFFF), st.binary(max_size=60)), min_size=1, max_size=6)
OFTEN = settings(max_examples=150, deadline=None)


@OFTEN
@given(NOTES)
def test_notes(notes: list[elf.Note]) -> None:
    assert elf.parse_notes(b"".join(map(elf.pack_note, notes))) == notes


@OFTEN
@given(st.dictionaries(st.from_regex(r"[A-Z]{1,9}(?:\([a-z_.]{1,20}\))?", fullmatch=True), NAME, max_size=12))
def test_vmcoreinfo(told: dict[str, str]) -> None:
    assert opening.parse_vmcoreinfo("".join(f"{key}={value}\n" for key, value in told.items())) == told


@OFTEN
@given(notes=NOTES, flattened=st.booleans(), version=st.integers(4, 6), pieces=st.integers(1, 300))
def test_notes_of_a_kdump_file_in_one_piece_and_in_many(
    tmp_path_factory, notes: list[elf.Note], flattened: bool, version: int, pieces: int
) -> None:
    text = b"".join(map(elf.pack_note, notes))
    head, sub = bytearray(512), bytearray(512)
    head[:12], head[428:432] = b"KDUMP   " + struct.pack("<i", version), struct.pack("<i", 512)
    sub[48:64] = struct.pack("<QQ", 1024, len(text))
    whole = bytes(head + sub) + text
    if flattened:
        cut = [(at, whole[at : at + pieces]) for at in range(0, len(whole), pieces)]
        body = b"".join(struct.pack(">qq", at, len(part)) + part for at, part in reversed(cut))
        whole = b"makedumpfile".ljust(4096, b"\0") + body + struct.pack(">qq", -1, -1)
    path = tmp_path_factory.mktemp("core") / "vmcore"
    path.write_bytes(whole)
    assert detect.magic(str(path)) == ("flattened" if flattened else "kdump")
    assert corenotes.notes(str(path), "flattened" if flattened else "kdump") == notes


@OFTEN
@given(
    structs=st.dictionaries(
        NAME, st.lists(st.tuples(NAME, st.integers(0, 1 << 20)), min_size=1, max_size=6), max_size=5
    ),
    enums=st.dictionaries(NAME, st.dictionaries(NAME, st.integers(0, 1 << 30), min_size=1, max_size=5), max_size=4),
)
def test_types(structs: dict[str, list[tuple[str, int]]], enums: dict[str, dict[str, int]]) -> None:
    blob = Blob()
    blob.add(Kind.INT, "int", 4, 1 << 24 | 32)
    for name, members in structs.items():
        words = [word for member, offset in members for word in (blob.name(member), 1, offset)]
        blob.add(Kind.STRUCT, name, 64, *words, vlen=len(members))
    for name, values in enums.items():
        words = [word for one, value in values.items() for word in (blob.name(one), value)]
        blob.add(Kind.ENUM, name, 4, *words, vlen=len(values))
    btf = Btf(blob.build())
    assert len(btf) == 1 + len(structs) + len(enums)
    for name, members in structs.items():
        found = btf.find(Kind.STRUCT, name)
        assert found and btf.members(btf.entry(found)) == [(member, 1, offset, 0) for member, offset in members]
    for name, values in enums.items():
        found = btf.find(Kind.ENUM, name)
        assert found and dict(btf.enumerators(btf.entry(found))) == values


@OFTEN
@given(st.lists(st.integers(0, 1 << 40), max_size=5))
def test_the_pages_that_a_log_names(pfns: list[int]) -> None:
    text = "".join(
        f"[    1.000000] Memory failure: {pfn:#x}: recovery action for free buddy page: Recovered\n" for pfn in pfns
    )
    assert kernellog.parse(text).labels == dict.fromkeys(pfns, "free buddy page")
