"""The store: Parquet files by table and month, of which a reader never sees half a file and a killed writer loses
nothing.

    STORE/store.json                                  format and schema version
    STORE/cases/month=2026-11/18c3a.parquet           one file per table, month and commit
    STORE/pending/18c3a/commit.json                   a commit that is being moved into place

A commit writes all its files below `pending/`, then `commit.json`, then renames each file into its table and removes
those that it
replaces. A commit found with its `commit.json` is finished by the next writer, one without is thrown away: both can be
done any number of times.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from triage.errors import TriageError
from triage.fleet import held, schema
from triage.model import Case

if TYPE_CHECKING:
    from pandas import DataFrame

ERRNO = re.compile(r"\[errno (\d{1,4})\]", re.I)  # Arrow's way to say it
MANY = 8  # files of one table and month; more are joined into one
Parts = Mapping[tuple[str, str], pa.Table]  # (table, month) -> rows


class StoreError(TriageError):
    """The store cannot be used: another version, another writer, a full disk."""


class Store:
    """One store on disk; make one by `opened()`, which holds the lock that keeps other writers out."""

    stamp = ""  # what its cases depend on beside their content, as they were read last

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, table: str) -> list[Path]:
        """The Parquet files of a table, in the order in which they were committed within each month."""
        return sorted(self.folder.glob(f"{table}/month=*/*.parquet"))

    def commit(self, parts: Parts, drop: Iterable[str] = ()) -> None:
        """Add rows and take out all rows of the inputs named in `drop`, both or neither; raises StoreError, the store
        stays valid."""
        name = f"{time.time_ns():x}"
        pending = self.folder / "pending" / name
        try:
            for (table, month), rows in parts.items():
                write(pending / table / f"month={month}" / f"{name}.parquet", (rows,))
            removed = self.without(set(drop), pending, name)
            self.seal(pending, removed)
        except (OSError, pa.ArrowException) as error:
            shutil.rmtree(pending, ignore_errors=True)
            raise StoreError(f"{self.folder}: cannot write: {reason(error)}") from error
        self.apply(pending)
        pa.default_memory_pool().release_unused()  # Arrow would keep the memory of each portion

    def without(self, drop: set[str], pending: Path, name: str) -> list[Path]:
        """Write what remains of the files that hold rows of dropped inputs; returns the files to remove."""
        removed = []
        for path in (p for table in schema.TABLES if drop for p in self.files(table)):
            gone = pc.is_in(
                pq.read_table(path, columns=["input"], partitioning=None)["input"], pa.array(sorted(drop), pa.string())
            )
            if not pc.any(gone).as_py():
                continue
            removed.append(path)
            if not pc.all(gone).as_py():
                where = path.relative_to(self.folder).parent
                kept = (part.filter(pc.invert(pc.is_in(part["input"], pa.array(sorted(drop), pa.string()))))
                        for part in row_groups(path))  # fmt: skip
                write(pending / where / f"{name}-{path.stem[-24:]}.parquet", kept)
        return removed

    def mark(self, duplicates: Mapping[str, str | None]) -> None:
        """Say of cases of which other case they are a copy; None takes that back."""
        name = f"{time.time_ns():x}"
        pending, removed = self.folder / "pending" / name, []
        try:
            for path in (p for table in ("cases", "boots") for p in self.files(table)):
                rows = pq.read_table(path, partitioning=None)
                marked = remarked(rows, duplicates)
                if marked is not rows:
                    removed.append(path)
                    where = path.relative_to(self.folder).parent
                    write(pending / where / f"{name}-{path.stem[-24:]}.parquet", (marked,))
            self.seal(pending, removed)
        except (OSError, pa.ArrowException) as error:
            shutil.rmtree(pending, ignore_errors=True)
            raise StoreError(f"{self.folder}: cannot write: {reason(error)}") from error
        self.apply(pending)

    def seal(self, pending: Path, removed: Iterable[Path]) -> None:
        """Make a commit certain: from here on it will be finished, by us or by the next writer."""
        pending.mkdir(parents=True, exist_ok=True)
        draft = pending / "commit.json.tmp"
        with draft.open("w", encoding="utf-8") as out:
            json.dump({"remove": [str(path.relative_to(self.folder)) for path in removed]}, out)
            out.flush()
            os.fsync(out.fileno())
        draft.rename(pending / "commit.json")

    def apply(self, pending: Path) -> None:
        """Move a sealed commit's files into place."""
        order = json.loads((pending / "commit.json").read_text(encoding="utf-8"))
        for path in sorted(pending.glob("*/month=*/*.parquet")):
            target = self.folder / path.relative_to(pending)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
        for name in order["remove"]:
            (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(pending)

    def recover(self) -> None:
        """Finish the commits of a writer that was killed, throw away those it had not sealed."""
        for pending in sorted((self.folder / "pending").glob("*")):
            if (pending / "commit.json").exists():
                self.apply(pending)
            else:
                shutil.rmtree(pending)

    def compact(self) -> None:
        """Join the files of months that have many, one month at a time, so that readers open few."""
        for table in schema.TABLES:
            for month in sorted((self.folder / table).glob("month=*")):
                old = sorted(month.glob("*.parquet"))
                if len(old) > MANY:
                    self.join(old, month.relative_to(self.folder))

    def join(self, old: list[Path], where: Path) -> None:
        """One file instead of several of one table and month, row group by row group."""
        name = f"{time.time_ns():x}"
        pending = self.folder / "pending" / name
        rows = (conform(part, where.parts[0]) for path in old for part in row_groups(path))
        try:
            write(pending / where / f"{name}.parquet", rows)
            self.seal(pending, old)
        except (OSError, pa.ArrowException) as error:
            shutil.rmtree(pending, ignore_errors=True)
            raise StoreError(f"{self.folder}: cannot write: {reason(error)}") from error
        self.apply(pending)

    def batches(self, table: str, columns: Iterable[str] | None = None) -> Iterator[pa.Table]:
        """The rows of a table bit by bit, so that memory does not follow the size of the store."""
        wanted = list(columns or schema.columns(table))
        for path in self.files(table):
            for part in row_groups(path, wanted):
                yield conform(part, table).select(wanted)

    def case(self, data: bytes) -> Case:
        """A case out of the column `held` of the documents; raises TriageError if it is damaged."""
        return held.unpacked(data)

    def stamped(self) -> str:
        """The stamp of the cases as they were read now."""
        return self.stamp

    @property
    def note(self) -> str | None:
        """What a reader of its reports must know."""
        return None

    def read(self, table: str, columns: Iterable[str] | None = None) -> DataFrame:
        """A table as pandas: `UInt64`, `Int64` and `boolean` keep missing values without rounding, times are UTC."""
        wanted = list(columns or schema.columns(table))
        empty = schema.arrow(table, []).select(wanted)  # with an empty chunk: pandas stumbles over columns of none
        return frame(pa.concat_tables([empty, *self.batches(table, wanted)]))


def row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The rows of a file as they were committed, those of some columns."""
    with pq.ParquetFile(path) as file:
        wanted = [name for name in file.schema_arrow.names if columns is None or name in columns]
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, wanted)


def frame(table: pa.Table) -> DataFrame:
    """An Arrow table as pandas with types that hold missing values."""
    import pandas as pd

    kinds = {pa.uint64(): pd.UInt64Dtype(), pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    made: DataFrame = table.to_pandas(types_mapper=kinds.get)
    return made


def remarked(rows: pa.Table, duplicates: Mapping[str, str | None]) -> pa.Table:
    """The rows with their `duplicate_of` set anew; the very same object if none of them is concerned."""
    cases, now = rows["case"].to_pylist(), rows["duplicate_of"].to_pylist()
    then = [duplicates.get(case, old) for case, old in zip(cases, now, strict=True)]
    if then == now:
        return rows
    return rows.set_column(rows.column_names.index("duplicate_of"), "duplicate_of", pa.array(then, pa.string()))


def conform(rows: pa.Table, table: str) -> pa.Table:
    """Rows of an older file of this schema version with the columns that were added since, as nulls."""
    want = schema.schema(table)
    have = set(rows.column_names)
    return pa.table(
        [rows[f.name].cast(f.type) if f.name in have else pa.nulls(rows.num_rows, f.type) for f in want], schema=want
    )


def write(path: Path, rows: Iterable[pa.Table]) -> None:
    """One Parquet file of one or more tables, on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tables = iter(rows)
    first = next(tables)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as out:
        for table in chain((first,), tables):
            if table.num_rows:
                out.write_table(table)
    sync(path)


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def reason(error: Exception) -> str:
    """What went wrong in the system's own words: `No space left on device`."""
    told = getattr(error, "strerror", None) or str(error)
    number = ERRNO.search(told)
    return os.strerror(int(number[1])) if number else told.strip().splitlines()[0]


@contextmanager
def opened(folder: Path, *, create: bool = True) -> Iterator[Store]:
    """The store in `folder`, locked; raises StoreError where there is none, another version, or another process at
    work."""
    if not create and not (folder / "store.json").is_file():
        raise StoreError(f"{folder}: no store here")
    if folder.exists() and not (folder / "store.json").exists() and any(p.name != "lock" for p in folder.iterdir()):
        raise StoreError(f"{folder}: not empty and no store; name a new or empty directory")
    with entered(folder) as lock:
        try:
            hold(lock.fileno(), folder)
            check(folder)
            store = Store(folder)
            store.recover()
        except OSError as error:
            raise StoreError(f"{folder}: {reason(error)}") from error
        yield store


def entered(folder: Path) -> IO[str]:
    """The store's lock file, opened."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / "lock").open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder}: {reason(error)}") from error


def hold(handle: int, folder: Path) -> None:
    """Take the lock; the system gives it back when the process ends, however it ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreError(f"{folder}: another run is at work on this store") from None


def check(folder: Path) -> None:
    """Refuse a store that this version does not understand; mark a new one."""
    path = folder / "store.json"
    if not path.exists():
        draft = path.with_suffix(".tmp")
        draft.write_text(
            json.dumps({"format": schema.FORMAT, "schema_version": schema.VERSION}) + "\n", encoding="utf-8"
        )
        draft.rename(path)
        return
    try:
        marks = json.loads(path.read_text(encoding="utf-8"))
        form, version = marks["format"], int(marks["schema_version"])
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{folder}: store.json is damaged") from None
    if form != schema.FORMAT or version > schema.VERSION:
        raise StoreError(
            f"{folder}: written by a newer triage (schema {version}, this one knows {schema.VERSION}): update triage"
        )
    if version < schema.VERSION:
        raise StoreError(
            f"{folder}: schema {version} is older than {schema.VERSION}: make a new store from the archive"
        )
