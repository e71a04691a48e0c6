"""Formats that are not plain text: what comes out, where it stood, and what is told of the rest."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs.samples import FAILURE, find, lines, one
from triage import registry
from triage.inputs import LogText, Refused, formats
from triage.inputs.formats import journal_export, journal_json
from triage.logs.prefix import split

BOOT, OTHER = "0123456789abcdef0123456789abcdef", "f" * 32


def entry(message: object = FAILURE, boot: str = BOOT, **more: object) -> dict[str, object]:
    return {
        "__REALTIME_TIMESTAMP": "1795399907123456",
        "_SOURCE_MONOTONIC_TIMESTAMP": "70471011",
        "_TRANSPORT": "kernel",
        "PRIORITY": "3",
        "_HOSTNAME": "db7",
        "_BOOT_ID": boot,
        "MESSAGE": message,
        **more,
    }


def journal(tmp_path: Path, *entries: dict[str, object]) -> Path:
    path = tmp_path / "journal.json"
    path.write_text("".join(json.dumps(e) + "\n" for e in entries))
    return path


def test_an_entry_of_the_journal_has_all_that_syslog_would_have_said(tmp_path: Path) -> None:
    text = one(journal(tmp_path, entry()))
    (line,) = lines(text)
    found = split(line)
    assert (found.body, found.time, found.host, found.level) == (FAILURE, 70.471011, "db7", 3)
    assert found.wall == "2026-11-23T02:11:47.123456+00:00"
    assert (text.host, text.boot_id, text.format) == ("db7", BOOT, "journal-json")


def test_only_the_kernels_entries_and_their_own_line_numbers(tmp_path: Path) -> None:
    path = journal(
        tmp_path,
        entry("kernel tells nothing", _TRANSPORT="syslog", SYSLOG_IDENTIFIER="collector"),
        entry("one"),
        entry("ignored", _TRANSPORT="stdout", SYSLOG_IDENTIFIER="kernel-tool"),
        entry("two\nlines"),
        entry(list(b"\xffthree")),
    )
    text = one(path)
    assert [split(line).body for line in lines(text)] == ["one", "two", "lines", "\ufffdthree"]
    assert [text.number(n) for n in (1, 2, 3, 4)] == [2, 4, 4, 5]


def test_each_boot_is_a_log_of_its_own(tmp_path: Path) -> None:
    path = journal(tmp_path, entry("one"), entry("two", OTHER), entry("three"))
    found = [f for f in find(path) if isinstance(f, LogText)]
    assert [(f.boot_id, [split(line).body for line in lines(f)]) for f in found] == [
        (BOOT, ["one", "three"]),
        (OTHER, ["two"]),
    ]


def test_what_the_journal_left_out_or_cut_is_told(tmp_path: Path) -> None:
    path = journal(tmp_path, entry("one"), entry(None), entry(None))
    with path.open("a") as file:
        file.write('{"_TRANSPORT":"kernel","MESSAGE":"cu')
    text = one(path)
    assert text.notes == ("a message that the journal left out for its size (2)", "an entry that is no JSON, or cut")


def test_a_journal_without_the_kernel_is_refused(tmp_path: Path) -> None:
    (refused,) = find(journal(tmp_path, entry("x", _TRANSPORT="stdout", SYSLOG_IDENTIFIER="x")))
    assert isinstance(refused, Refused)
    assert "no message of the kernel" in refused.reason


@pytest.mark.parametrize("form", ["pretty", "seq", "sse", "bom"])
def test_other_forms_of_json(tmp_path: Path, form: str) -> None:
    flat, spread = json.dumps(entry()), json.dumps(entry(), indent="\t")
    forms = {
        "pretty": f"{spread}\n{spread}\n",
        "seq": f"\x1e{flat}\n\x1e{flat}\n",
        "sse": f"data: {flat}\n\ndata: {flat}\n\n",
    }
    path = tmp_path / "journal"
    path.write_text(forms.get(form, f"\ufeff{flat}\n{flat}\n"))
    assert [split(line).body for line in lines(one(path))] == [FAILURE, FAILURE]


def export(*entries: dict[str, object]) -> bytes:
    made = b""
    for fields in entries:
        for key, value in fields.items():
            raw = value if isinstance(value, bytes) else str(value).encode()
            plain = b"\n" not in raw and raw.isascii()
            made += key.encode() + (b"=" + raw if plain else b"\n" + struct.pack("<Q", len(raw)) + raw) + b"\n"
        made += b"\n"
    return made


def test_the_export_format(tmp_path: Path) -> None:
    path = tmp_path / "journal.export"
    path.write_bytes(export(entry(_TRANSPORT="stdout"), entry("a\nb"), entry()))
    text = one(path)
    assert [split(line).body for line in lines(text)] == ["a", "b", FAILURE]
    assert [text.number(n) for n in (1, 3)] == [9, 19]
    assert (text.host, text.boot_id, split(lines(text)[2]).time) == ("db7", BOOT, 70.471011)


def test_a_cut_export_gives_the_entries_before_the_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal.export"
    whole = export(entry(), entry("long\n" * 100))
    path.write_bytes(whole[:-100])
    text = one(path)
    assert [split(line).body for line in lines(text)] == [FAILURE]
    assert text.notes == ("an entry whose end is missing",)


DMESG = """{
   "dmesg": [
      {
         "pri": 5,
         "time":     0.000000,
         "msg": "Linux version 6.12.0"
      },{
         "pri": 3,
         "time":    70.471011,
         "caller": "T12",
         "msg": "EDAC MC0: \\"quoted\\" {x}"
      }
   ]
}
"""


def test_dmesg_json(tmp_path: Path) -> None:
    path = tmp_path / "dmesg.json"
    path.write_text(DMESG)
    text = one(path)
    assert lines(text)[1] == '<3>[   70.471011][   T12] EDAC MC0: "quoted" {x}'
    assert [text.number(n) for n in (1, 2)] == [3, 7]
    path.write_text(DMESG[:-40])
    assert one(path).notes == ("the end of the document is missing",)


def test_container_json(tmp_path: Path) -> None:
    path = tmp_path / "console.log"
    rows = [
        {"log": f"[   70.471011] {FAILURE}\n", "stream": "stdout", "time": "2026-11-23T02:11:47.123456789Z"},
        {"message": "x"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second = lines(one(path))
    assert split(first).body == FAILURE
    assert split(first).wall == "2026-11-23T02:11:47.123456789Z"
    assert second == "x"


def test_netconsole_fragments_are_put_together_even_out_of_order(tmp_path: Path) -> None:
    head = "6.12.0,4,416,70471011,-,caller=T12,ncfrag="
    path = tmp_path / "netconsole.log"
    path.write_text(
        f"{head}0/{len(FAILURE)};{FAILURE[:20]}\n6.12.0,6,417,70471012,-;other\n"
        f"{head}40/{len(FAILURE)};{FAILURE[40:]}\n{head}20/{len(FAILURE)};{FAILURE[20:40]}\n"
        f"Nov 23 02:11:47 10.0.0.5 4,418,70471013,-,ncfrag=0/9;lost\n"
    )
    text = one(path)
    other, whole, lost = (split(line) for line in lines(text))
    assert other.body == "other"
    assert (whole.body, whole.time, whole.caller, whole.level) == (FAILURE, 70.471011, "T12", 4)
    assert (lost.body, lost.host) == ("lost...", "10.0.0.5")
    assert [text.number(n) for n in (1, 2, 3)] == [2, 1, 5]
    assert text.notes == ("a message of which netconsole lost a packet",)


def test_streams_of_dev_kmsg_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "kmsg"
    path.write_text(
        f"4,416,70471011,-;{FAILURE}\n SUBSYSTEM=memory\n DEVICE=+memory:memory0\n6,417,70471012,-;x\\x09y\n"
    )
    text = one(path)
    assert text.format == "text"
    assert split(lines(text)[0]).body == FAILURE


@pytest.mark.parametrize("module", registry.modules("triage.inputs.formats"), ids=lambda m: m.NAME)
@settings(max_examples=300, deadline=None)
@given(data=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(str.encode)))
def test_no_bytes_make_a_converter_raise(module: object, data: bytes) -> None:
    for prefix in (
        b"",
        b"__CURSOR=x\nMESSAGE\n",
        b'{"MESSAGE":',
        b'{"dmesg": [{"pri": 1, "msg": ',
        b"1,2,3,-,ncfrag=0/9;",
        b'{"log":',
    ):
        list(module.convert(prefix + data))  # type: ignore[attr-defined]
        formats.recognise(prefix + data, prefix + data)


def test_endless_fields_and_lines_stay_bounded() -> None:
    assert len(list(journal_json.convert(b'{"MESSAGE":"' + b"x" * (3 << 20)))) == 1
    assert list(journal_export.convert(b"__CURSOR=x\nMESSAGE\n" + b"\xff" * 64)) != []


def test_the_colours_of_dmesg_stand_between_the_words_of_the_kernel(tmp_path: Path) -> None:
    path = tmp_path / "dmesg"
    path.write_text(
        "\x1b[32m[   70.471011] \x1b[0m\x1b[33mmce\x1b[0m: [Hardware Error]: Machine check events logged\n"
        "\x1b[32m[   70.471012] \x1b[0m\x1b[1m\x1b[31mBUG: unable to handle page fault\x1b[0m\n"
    )
    text = one(path)
    assert [split(line).body for line in lines(text)] == [
        "mce: [Hardware Error]: Machine check events logged",
        "BUG: unable to handle page fault",
    ]
    assert (text.format, split(lines(text)[0]).time) == ("dmesg-color", 70.471011)
