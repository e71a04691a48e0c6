"""rasdaemon's database: read by column name, written in the kernel's words, and never touched."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from triage import inputs
from triage.inputs import LogText, Refused, rasdaemon
from triage.inputs.formats import Line, Lost
from triage.logs.parse import Parser
from triage.model import Event, HardwareError, MemoryFailure

STAMP = "2026-11-23 02:11:47 +0000"
TABLES = {
    "mc_event": "err_count, err_type, err_msg, label, mc, top_layer, middle_layer, lower_layer, address, grain, "
    "syndrome, driver_detail",
    "memory_failure_event": "pfn, page_type, action_result",
    "aer_event": "dev_name, err_type, err_msg",
    "mce_record": "mcgcap, mcgstatus, status, addr, misc, ip, tsc, walltime, cpu, cpuid, apicid, socketid, cs, bank, "
    "cpuvendor",
    "extlog_event": "etype, error_count, severity, address, fru_id, fru_text, cper_data",
    "cxl_poison_event": "memdev",
}
SCHEMA = "".join(
    f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, timestamp TEXT, {columns});" for name, columns in TABLES.items()
)
MC = "INSERT INTO mc_event VALUES (?, ?, 1, ?, 'memory read error', 'DIMM_A1', 0, 1, 0, 255, ?, 6, 0, 'rank:1')"
MF = "INSERT INTO memory_failure_event VALUES (?, ?, ?, ?, 'Recovered')"


def database(path: Path, *rows: tuple[str, tuple[object, ...]]) -> Path:
    with sqlite3.connect(path) as base:
        base.executescript(SCHEMA)
        for statement, values in rows:
            base.execute(statement, values)
    base.close()
    return path


def events(path: Path) -> list[Event]:
    (text,) = [f for f in inputs.find([str(path)]) if isinstance(f, LogText)]
    return list(Parser(text).events())


def test_rows_become_the_events_that_the_kernels_lines_would_have_been(tmp_path: Path) -> None:
    path = database(
        tmp_path / "ras-mc_event.db",
        (MC, (7, STAMP, "Corrected", 0x12345678)),
        (MC, (8, STAMP, "Uncorrected", 0x12345678)),
        (MF, (3, STAMP, "0x12345", "reserved kernel page")),
        ("INSERT INTO aer_event VALUES (4, ?, '0000:03:00.0', 'Corrected', 'Receiver Error')", (STAMP,)),
        (
            "INSERT INTO mce_record VALUES (5, ?, 0, 0, ?, 4660, 134, 0, 99, 1795399907, 2, 329300, 4, 1, 0, 7, 0)",
            (STAMP, 0xBD800000000000C0 - (1 << 64)),
        ),
        ("INSERT INTO extlog_event VALUES (6, ?, 3, 1, 0, 81985526906748928, x'00', 'DIMM 3', x'00')", (STAMP,)),
    )
    found = {event.first_line: event for event in events(path)}
    assert {e.wall_time for e in found.values()} == {1795399907.0}
    corrected, uncorrected, aer, mce, extlog = (found[n] for n in (7, 8, 4, 5, 6))
    assert isinstance(corrected, HardwareError) and isinstance(uncorrected, HardwareError)
    assert (corrected.page, corrected.page_offset, corrected.severity) == (0x12345, 0x678, "corrected")
    assert uncorrected.severity != "corrected"
    failure = found[3]
    assert isinstance(failure, MemoryFailure)
    assert (failure.pfn, failure.label, failure.result) == (0x12345, "reserved kernel page", "Recovered")
    assert isinstance(aer, HardwareError) and aer.device == "0000:03:00.0"
    assert isinstance(mce, HardwareError) and mce.kind == "mce"
    assert isinstance(extlog, HardwareError) and extlog.physical_address == 81985526906748928


@pytest.mark.parametrize(
    ("kernel", "stored", "label"),
    [
        ("6.12.0-2-amd64", "free huge page", "get hwpoison page"),
        ("6.12.0-2-amd64", "different compound page after locking", "huge page"),
        ("6.12.0-2-amd64", "dirty LRU page", "dirty LRU page"),
        ("6.1.0-30-amd64", "free huge page", "free huge page"),
        ("5.10.0-30-amd64", "huge page", "huge page already hardware poisoned"),
        ("5.15.0-100-generic", "dirty swapcache page", "non-pmd-sized huge page"),
        ("5.10.0-30-amd64", "clean swapcache page", "unmapping failed page"),
        (None, "reserved kernel page", "reserved kernel page"),
        (None, "free huge page", "unknown page"),
        ("7.3.0", "something new", "unknown page"),
    ],
)
def test_page_types_are_those_of_the_kernel_that_numbered_them(kernel: str | None, stored: str, label: str) -> None:
    assert rasdaemon.page_type(stored, rasdaemon.page_types(kernel)) == label


def test_the_page_size_follows_from_a_memory_failure_of_the_same_address(tmp_path: Path) -> None:
    path = database(
        tmp_path / "ras.db",
        (MC, (1, STAMP, "Uncorrected", 0x402712340000)),
        (MF, (1, STAMP, "0x40271234", "dirty LRU page")),
    )
    edac = next(event for event in events(path) if isinstance(event, HardwareError))
    assert edac.page == 0x40271234


def test_the_database_is_not_touched_and_needs_no_write_permission(tmp_path: Path) -> None:
    path = database(tmp_path / "ras.db", (MF, (3, STAMP, "0x12345", "reserved kernel page")))
    before = path.read_bytes()
    list(inputs.find([str(path)]))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["ras.db"]


def test_tables_that_are_not_read_are_told() -> None:
    base = sqlite3.connect(":memory:")
    base.executescript(SCHEMA)
    base.execute("INSERT INTO cxl_poison_event VALUES (1, ?, 'mem0')", (STAMP,))
    assert Lost("1 rows of cxl_poison_event are not used") in list(rasdaemon.convert(base.serialize()))


def test_older_databases_without_some_columns(tmp_path: Path) -> None:
    base = sqlite3.connect(":memory:")
    base.execute(
        "CREATE TABLE mc_event (id INTEGER PRIMARY KEY, timestamp TEXT, err_type TEXT, mc INTEGER, address INTEGER)"
    )
    base.execute("INSERT INTO mc_event VALUES (1, ?, 'Corrected', 0, 4096)", (STAMP,))
    (line,) = list(rasdaemon.convert(base.serialize()))
    assert isinstance(line, Line)
    assert "EDAC MC0: 1 CE on unknown memory ( page:0x1 offset:0x0" in line.text


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as base:
        base.execute("CREATE TABLE bookmarks (id INTEGER)")
    base.close()
    (refused,) = inputs.find([str(tmp_path / "other.db")])
    assert isinstance(refused, Refused)
    assert "not rasdaemon's" in refused.reason


def test_of_a_damaged_database_the_good_rows_are_read(tmp_path: Path) -> None:
    path = database(tmp_path / "ras.db", *[(MF, (n, STAMP, "0x1", "huge page")) for n in range(1, 5000)])
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - 20000] + b"\xff" * 20000)
    (text,) = inputs.find([str(path)])
    assert isinstance(text, LogText)
    assert any("damaged" in note for note in text.notes)
    assert text.numbers and 100 < len(text.numbers) < 5000


@pytest.mark.parametrize("keep", [16, 100, 5000])
def test_a_database_without_a_readable_table_is_refused(tmp_path: Path, keep: int) -> None:
    raw = database(tmp_path / "ras.db").read_bytes()
    (tmp_path / "ras.db").write_bytes(raw[:keep].ljust(len(raw), b"\xff"))
    (refused,) = inputs.find([str(tmp_path / "ras.db")])
    assert isinstance(refused, Refused)
