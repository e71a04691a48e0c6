"""The store under everything that goes wrong: killed writers, full disks, two runs, other versions."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from triage.fleet import schema
from triage.fleet.store import Store, StoreError, opened

ADDRESS = 0xFFFF888000000001  # no float and no signed integer holds it


def parts(name: str, count: int = 1) -> dict[tuple[str, str], object]:
    rows = [{"input": name, "case": f"{name}-{n}", "pfn": ADDRESS} for n in range(count)]
    return {("cases", "2026-11"): schema.arrow("cases", rows), ("pages", "2026-10"): schema.arrow("pages", rows)}


def names(store: Store, table: str = "cases") -> list[str]:
    return sorted(store.read(table, ["case"])["case"])


def test_rows_come_back_exactly_and_readers_need_no_code_of_ours(empty: Store) -> None:
    empty.commit(parts("a"))
    assert empty.read("pages", ["pfn"])["pfn"].tolist() == [ADDRESS]
    plain = pq.read_table(empty.folder / "pages")
    assert plain["pfn"].to_pylist() == [ADDRESS] and plain["month"].to_pylist() == ["2026-10"]
    assert plain.schema.field("pfn").metadata or schema.schema("pages").metadata[b"version"] == b"1"


def test_replacing_is_one_step(empty: Store) -> None:
    empty.commit(parts("a", 2))
    empty.commit(parts("b"), drop={"a"})
    assert names(empty) == names(empty, "pages") == ["b-0"]


@pytest.mark.parametrize("moved", [0, 1, 2])
def test_a_commit_that_was_sealed_is_finished_by_the_next_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moved: int
) -> None:
    with opened(tmp_path) as store:
        store.commit(parts("a"))
        renamed = 0
        rename = Path.rename

        def stop(self: Path, target: Path) -> Path:
            nonlocal renamed
            if self.suffix == ".parquet":
                if renamed == moved:
                    raise KeyboardInterrupt
                renamed += 1
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", stop)
        if moved < 2:
            with pytest.raises(KeyboardInterrupt):
                store.commit(parts("b"), drop={"a"})
        else:
            monkeypatch.setattr(Path, "unlink", lambda self, missing_ok=False: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                store.commit(parts("b"), drop={"a"})
        monkeypatch.undo()
    with opened(tmp_path) as store:
        assert names(store) == names(store, "pages") == ["b-0"]
        assert not list((tmp_path / "pending").iterdir())


def test_a_commit_that_was_not_sealed_never_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path) as store:
        store.commit(parts("a"))
        monkeypatch.setattr(Store, "seal", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            store.commit(parts("b"), drop={"a"})
        monkeypatch.undo()
    with opened(tmp_path) as store:
        assert names(store) == ["a-0"]


def test_a_full_disk_is_an_error_of_one_line_and_the_store_stays_valid(empty: Store) -> None:
    empty.commit(parts("a"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        with pytest.raises(StoreError, match="cannot write: File too large"):
            empty.commit(parts("b", 1000), drop={"a"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert names(empty) == ["a-0"] and not list((empty.folder / "pending").iterdir())


def test_many_files_are_joined_without_losing_a_row(empty: Store) -> None:
    for n in range(12):
        empty.commit(parts(f"i{n:02}"))
    before = names(empty)
    empty.compact()
    assert names(empty) == before and len(empty.files("cases")) == 1


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path):
        code = (
            "import sys; from pathlib import Path; from triage.fleet.store import opened, StoreError\n"
            "try:\n with opened(Path(sys.argv[1])): print('in')\nexcept StoreError as e: print(e)"
        )
        out = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
        ).stdout
    assert "another run is at work" in out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"format": schema.FORMAT, "schema_version": schema.VERSION + 1}, "newer triage"),
        ({"format": schema.FORMAT, "schema_version": 0}, "older"),
        ({}, "damaged"),
    ],
)
def test_a_store_of_another_version_is_refused(tmp_path: Path, content: dict[str, object], reason: str) -> None:
    (tmp_path / "store.json").write_text(json.dumps(content))
    with pytest.raises(StoreError, match=reason), opened(tmp_path):
        pass


def test_a_directory_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match="no store"), opened(tmp_path):
        pass
    assert os.listdir(tmp_path) == ["thesis.txt"]  # noqa: PTH208


def test_files_of_an_older_writer_lack_columns(empty: Store) -> None:
    empty.commit(parts("a"))
    path = empty.files("cases")[0]
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["lag"]), path)
    assert next(empty.batches("cases"))["lag"].to_pylist() == [None]
    assert empty.read("cases", ["case", "lag"])["lag"].isna().all()
