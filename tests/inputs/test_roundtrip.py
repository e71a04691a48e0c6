"""What is put into a form of a log, an archive or a table comes out of it as it was."""

from __future__ import annotations

import io
import json
import sqlite3
import string
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs.samples import find
from tests.inputs.test_rasdaemon import SCHEMA, STAMP
from triage.correlate import board
from triage.inputs import Found, LogText, SideFile
from triage.logs.prefix import ENTITY, split

WORDS = string.ascii_letters + string.digits + " :;,.()[]{}<>=_+-*/%#@!?\"'|&~$äß→"
# What the source of a web page has for a character is read as that character.
BODY = (
    st.text(WORDS, min_size=1, max_size=120)
    .filter(lambda text: ENTITY.search(text) is None)
    .map(lambda text: "x" + text.strip())
)
BODIES = st.lists(BODY, min_size=1, max_size=8)
EVENTS = settings(max_examples=80, deadline=None)


def bodies(found: list[Found]) -> list[str]:
    """The messages of the only log."""
    (text,) = [each for each in found if isinstance(each, LogText)]
    return [split(line).body for line in bytes(text.data[0 : len(text.data)]).decode().splitlines()]


def journal(text: str, number: int) -> dict[str, str]:
    return {"__REALTIME_TIMESTAMP": str(1795399907000000 + number), "_TRANSPORT": "kernel", "MESSAGE": text,
            "PRIORITY": "3", "_HOSTNAME": "db7"}  # fmt: skip


def as_json(texts: list[str]) -> bytes:
    return "".join(json.dumps(journal(text, n)) + "\n" for n, text in enumerate(texts)).encode()


def as_export(texts: list[str]) -> bytes:
    rows = ("".join(f"{key}={value}\n" for key, value in journal(text, n).items()) for n, text in enumerate(texts))
    return "\n".join(rows).encode() + b"\n"


def as_binary(texts: list[str]) -> bytes:
    out = b""
    for n, text in enumerate(texts):
        fields = {key: value for key, value in journal(text, n).items() if key != "MESSAGE"}
        out += "".join(f"{key}={value}\n" for key, value in fields.items()).encode()
        out += b"MESSAGE\n" + struct.pack("<Q", len(text.encode())) + text.encode() + b"\n\n"
    return out


def as_dmesg(texts: list[str]) -> bytes:
    return json.dumps({"dmesg": [{"pri": 3, "time": 1.0 + n, "msg": text} for n, text in enumerate(texts)]}).encode()


def as_fragments(texts: list[str]) -> bytes:
    out = b""
    for n, text in enumerate(texts):
        raw, head = text.encode(), f"6.12.9,3,{n},{7000000 + n},-,ncfrag="
        parts = [(at, raw[at : at + 7]) for at in range(0, len(raw), 7)]
        out += b"".join(f"{head}{at}/{len(raw)};".encode() + part + b"\n" for at, part in reversed(parts))
    return out


def as_kmsg(texts: list[str]) -> bytes:
    return "".join(f"3,{n},{7000000 + n},-;{text}\n" for n, text in enumerate(texts)).encode()


FORMS: tuple[Callable[[list[str]], bytes], ...] = (as_json, as_export, as_binary, as_dmesg, as_fragments, as_kmsg)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("roundtrip")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_messages_come_out_of_a_form_as_they_went_in(place: Path, form: Callable[[list[str]], bytes]) -> None:
    @EVENTS
    @given(BODIES)
    def holds(texts: list[str]) -> None:
        path = place / form.__name__
        path.write_bytes(form(texts))
        assert bodies(find(path)) == texts

    holds()


@EVENTS
@given(texts=st.lists(BODY, min_size=2, max_size=30), size=st.integers(20, 200))
def test_a_dump_in_parts_comes_out_of_pstore_whole(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: int
) -> None:
    folder = tmp_path_factory.mktemp("pstore")
    lines = [f"<4>[    1.000000] {text}\n" for text in texts]
    parts, room = [""], size
    for line in reversed(lines):  # part 1 is the end of the log
        if room < len(line):
            parts.append("")
            room = size
        parts[-1] = line + parts[-1]
        room -= len(line)
    for number, part in enumerate((part for part in parts if part), 1):
        name = f"dmesg-efi_pstore-1795399907{number:02d}001"
        (folder / name).write_text(f"Panic#1 Part{number}\n{part}")
    assert [body for body in bodies(find(folder)) if not body.startswith("Panic#1 Part")] == texts


MEMBERS = st.dictionaries(st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}\.log", fullmatch=True), BODIES, min_size=1, max_size=4)


@EVENTS
@given(members=MEMBERS, packed=st.sampled_from(("w", "w:gz", "w:xz", "zip")))
def test_members_come_out_of_an_archive_under_their_names(
    tmp_path_factory: pytest.TempPathFactory, members: dict[str, list[str]], packed: str
) -> None:
    made = io.BytesIO()
    contents = {name: "".join(f"<4>[    1.000000] {x}\n" for x in texts).encode() for name, texts in members.items()}
    if packed == "zip":
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=made, mode=packed) as tar:
            for name, content in contents.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    path = tmp_path_factory.mktemp("archive") / "a"
    path.write_bytes(made.getvalue())
    found = {text.name: bytes(text.data[0 : len(text.data)]) for text in find(path) if isinstance(text, LogText)}
    assert found == {f"{path}!{name}": content for name, content in contents.items()}


@EVENTS
@given(labels=st.lists(st.text(string.ascii_letters + "_0123456789#", min_size=1, max_size=30), min_size=1, max_size=5))
def test_rows_of_a_database_come_out_as_records(tmp_path_factory: pytest.TempPathFactory, labels: list[str]) -> None:
    base = sqlite3.connect(":memory:")
    base.executescript(SCHEMA)
    names = [row[1] for row in base.execute("PRAGMA table_info(mc_event)")]
    known = {"timestamp": STAMP, "err_count": 1, "err_type": "Uncorrected", "err_msg": "read", "mc": 0, "address": 4096}
    for label in labels:
        row = {**known, "label": label}
        values = [row.get(name) for name in names]
        base.execute(f"INSERT INTO mc_event VALUES ({','.join('?' * len(names))})", values)
    base.commit()
    path = tmp_path_factory.mktemp("ras") / "ras-mc_event.db"
    path.write_bytes(base.serialize())
    assert [body.split(" on ")[1].split(" (")[0] for body in bodies(find(path))] == labels


SLOTS = st.dictionaries(
    st.integers(0, 0xFFFF),
    st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12),
    min_size=1,
    max_size=6,
)


@EVENTS
@given(slots=SLOTS)
def test_an_inventory_gives_each_slot_its_name(tmp_path_factory: pytest.TempPathFactory, slots: dict[int, str]) -> None:
    path = tmp_path_factory.mktemp("dmi") / "dmidecode"
    path.write_text(
        "".join(
            f"Handle 0x{handle:04X}, DMI type 17, 92 bytes\nMemory Device\n\tSize: 64 GB\n\tLocator: {name}\n\n"
            for handle, name in slots.items()
        )
    )
    (side,) = [each for each in find(path) if isinstance(each, SideFile)]
    told = {handle: slot.get("locator") for handle, slot in board.slots(side.text).items()}
    assert told == {f"0x{h:04x}": None if name in board.NO_VALUE else name for h, name in slots.items()}


EVENTS_OF_BMC = st.lists(
    st.tuples(st.integers(1, 0xFFF), st.sampled_from(["DIMM_A1", "DIMM_B12", "P1-C3"]), st.integers(0, 59)), max_size=6
)


@EVENTS
@given(told=EVENTS_OF_BMC)
def test_a_bmc_s_log_gives_each_event(told: list[tuple[int, str, int]]) -> None:
    text = "".join(
        f"{n:4x} | 11/23/2026 | 02:11:{second:02d} | Memory #0x53 | Uncorrectable ECC ({slot}) | Asserted\n"
        for n, slot, second in told
    )
    found = [(event.slot, event.wall_time) for event in board.bmc_events(text)]
    assert found == [(slot, 1795399860.0 + second) for _, slot, second in told]
