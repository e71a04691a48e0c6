"""Parts of the persistent store, put together in the order in which the kernel printed."""

from __future__ import annotations

import zlib
from pathlib import Path

from tests.inputs.samples import find, lines, write
from triage.inputs import LogText, pstore

SECOND = 1795399907


def part(number: int, *bodies: str, reason: str = "Panic", count: int = 1) -> bytes:
    body = "".join(f"<4>[{number:5d}.000000] {text}\n" for text in bodies)
    return f"{reason}#{count} Part{number}\n{body}".encode()


def efi(number: int, count: int = 1, second: int = SECOND) -> str:
    return f"dmesg-efi_pstore-{second}{number:02d}{count:03d}"


def logs(folder: Path) -> list[LogText]:
    return [f for f in find(folder) if isinstance(f, LogText)]


def bodies(text: LogText) -> list[str]:
    return [line.split("] ")[-1] for line in lines(text) if not line.startswith("Panic#")]


def test_parts_of_efi_come_in_descending_order(tmp_path: Path) -> None:
    folder = write(tmp_path / "pstore", {efi(n): part(n, f"text {n}") for n in (1, 2, 3)})
    (text,) = logs(folder)
    assert bodies(text) == ["text 3", "text 2", "text 1"]
    assert text.name.endswith("dmesg-efi_pstore Panic#1")
    assert (text.wall, text.notes, text.format) == (SECOND, (), "pstore")


def test_a_missing_part_is_told_and_marked_where_it_would_stand(tmp_path: Path) -> None:
    folder = write(tmp_path, {efi(n): part(n, f"text {n}") for n in (2, 4)})
    (text,) = logs(folder)
    assert text.notes == ("part 3, 1 of Panic#1 is missing",)
    assert bodies(text) == ["text 4", "-- part 3 is missing --", "text 2", "-- part 1 is missing --"]


def test_an_oops_and_the_panic_after_it_are_two_dumps(tmp_path: Path) -> None:
    files = {efi(1, 1): part(1, "oops", reason="Oops"), efi(1, 2): part(1, "panic", reason="Panic", count=2)}
    assert sorted(bodies(text)[-1] for text in logs(write(tmp_path, files))) == ["oops", "panic"]


def test_crashes_of_several_boots_that_all_count_from_one(tmp_path: Path) -> None:
    files = {efi(n, 1, SECOND + boot): part(n, f"{boot} {n}") for boot in (0, 86400) for n in (1, 2)}
    assert sorted(bodies(text) for text in logs(write(tmp_path, files))) == [["0 2", "0 1"], ["86400 2", "86400 1"]]


def test_writing_parts_may_cross_a_second(tmp_path: Path) -> None:
    files = {efi(1, 1, SECOND): part(1, "last"), efi(2, 1, SECOND + 1): part(2, "first")}
    (text,) = logs(write(tmp_path, files))
    assert bodies(text) == ["first", "last"]


def test_folders_of_systemd_pstore(tmp_path: Path) -> None:
    files = {f"{SECOND}/{efi(n)}": part(n, f"text {n}") for n in (1, 2)} | {f"{SECOND}/dmesg.txt": b"text 2\ntext 1\n"}
    (text,) = logs(write(tmp_path / "var/lib/systemd/pstore", files))
    assert bodies(text) == ["text 2", "text 1"]


def test_compressed_records_of_either_kind(tmp_path: Path) -> None:
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = raw.compress(part(2, "first")) + raw.flush()
    folder = write(tmp_path, {f"{efi(1)}.enc.z": zlib.compress(part(1, "last")), f"{efi(2)}.enc.z": deflated})
    (text,) = logs(folder)
    assert bodies(text) == ["first", "last"]


def test_ramoops_keeps_whole_dumps_in_slots_and_the_console(tmp_path: Path) -> None:
    files = {
        "dmesg-ramoops-0": b"====1795399907.123456-C\n" + part(1, "slot 0"),
        "dmesg-ramoops-1": part(1, "slot 1"),
        "console-ramoops-0": b"[    1.000000] console\n",
        "pmsg-ramoops-0": b"user space\n",
    }
    assert sorted(bodies(text)[-1] for text in logs(write(tmp_path, files))) == ["console", "slot 0", "slot 1"]


def test_erst_has_ids_without_time(tmp_path: Path) -> None:
    files = {f"dmesg-erst-{0x5F00000000000000 + n:x}": part(n, f"text {n}") for n in (1, 2)}
    (text,) = logs(write(tmp_path, files))
    assert bodies(text) == ["text 2", "text 1"]
    assert text.wall is None


def test_a_record_that_is_not_one_stands_for_itself(tmp_path: Path) -> None:
    (text,) = logs(write(tmp_path, {"dmesg-erst-1": b"[    1.000000] no header\n"}))
    assert bodies(text) == ["no header"]


def test_a_part_number_that_lies_costs_nothing() -> None:
    records = [pstore.read("dmesg-erst-1", part(999999999, "a")), pstore.read("dmesg-erst-2", part(1, "b"))]
    (dump,) = pstore.assemble(records)
    assert len(dump.data) < 100_000


def test_records_named_one_by_one_are_put_together_too(tmp_path: Path) -> None:
    folder = write(
        tmp_path, {efi(n): part(n, f"text {n}") for n in (1, 2)} | {"console.log": b"[    1.000000] other\n"}
    )
    found = find(folder / efi(1), folder / "console.log", folder / efi(2))
    assert [bodies(f)[0] for f in found if isinstance(f, LogText)] == ["text 2", "other"]
