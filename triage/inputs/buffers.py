"""Bytes that may be large: read when small, mapped when big; out of a stream into a file without a name when big."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Protocol

from triage.errors import InputError, LimitError
from triage.inputs import Limits

MAP_FROM = (
    8 << 20
)  # files of this size on are mapped; smaller ones are read, so that a log cut while we look cannot kill us
SPOOL_FROM = 32 << 20  # unpacked bytes that are kept in memory
CHUNK = 1 << 20
RATIO_FROM = 64 << 20  # unpacked bytes from which a high ratio is suspicious
HASH_UP_TO = 16 << 20  # bigger files are hashed only if somebody asks: hashing is slower than scanning


class Buffer(Protocol):
    """What `bytes` and `mmap` have in common."""

    def __len__(self) -> int: ...
    def __getitem__(self, where: slice) -> bytes: ...
    def find(self, sub: bytes, start: int = ..., stop: int = ...) -> int: ...
    def rfind(self, sub: bytes, start: int = ..., stop: int = ...) -> int: ...


@dataclass(slots=True)
class Budget:
    """What is left of the limits of one named input."""

    limits: Limits
    spent: int = 0
    members: int = 0
    deadline: float = 0.0

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.seconds

    def spend(self, name: str, size: int, made: int = 0, packed: int | None = None) -> None:
        """Count `size` more unpacked bytes; LimitError over a bound. `made`, `packed`: totals of this stream."""
        self.spent += size
        if packed and made > RATIO_FROM and made > self.limits.ratio * packed:
            raise LimitError(name, f"unpacks to more than {self.limits.ratio} times its size")
        if reason := self.over():
            raise LimitError(name, reason)

    def over(self) -> str | None:
        """Which bound of the whole input is met."""
        if self.spent > self.limits.bytes:
            return f"unpacks to more than {self.limits.bytes} bytes"
        if time.monotonic() > self.deadline:
            return f"unpacking took more than {self.limits.seconds:g} s"
        return None

    def member(self, name: str) -> None:
        """Count one more file; raise LimitError when there are too many."""
        self.members += 1
        if self.members > self.limits.members:
            raise LimitError(name, f"more than {self.limits.members} files")


class Spool:
    """Bytes that are added bit by bit: in memory while they are few, then in a file without a name."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.file: IO[bytes] | None = None

    def add(self, chunk: bytes) -> None:
        """Append; OSError when the temporary folder is full."""
        if self.file is None and len(self.kept) + len(chunk) > SPOOL_FROM:
            import tempfile

            self.file = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as its mapping
            self.file.write(self.kept)
            self.kept.clear()
        if self.file is None:
            self.kept += chunk
        else:
            self.file.write(chunk)

    def buffer(self) -> Buffer:
        """All of it."""
        return bytes(self.kept) if self.file is None else mapped(self.file)


def spool(chunks: Iterable[bytes]) -> tuple[Buffer, list[str]]:
    """All chunks as one buffer, and the notes of what ended them early."""
    spooled, notes = Spool(), list[str]()
    try:
        for chunk in chunks:
            spooled.add(chunk)
    except InputError as error:  # a bound, or a damaged stream
        notes.append(error.reason)
    except OSError as error:  # the temporary folder is full
        notes.append(f"cannot be unpacked: {error.strerror or error}")
    data = spooled.buffer()
    return data, [f"{note}; what came out before is analysed" if len(data) else note for note in notes]


def mapped(file: IO[bytes]) -> Buffer:
    """A file as a read-only buffer; the mapping keeps it alive."""
    file.flush()
    if os.fstat(file.fileno()).st_size == 0:
        return b""
    view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    view.madvise(mmap.MADV_SEQUENTIAL)
    return view


def opened(path: str) -> IO[bytes]:
    """A regular file that never makes us wait; OSError for anything else, and as it comes.

    Some files of /proc and /sys that pass for regular ones wait for news (/proc/kmsg, trace_pipe): opened like this
    they end where there is none.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not a regular file")
    return os.fdopen(handle, "rb")


def read_file(path: str) -> Buffer:
    """A file on disk; OSError as it comes."""
    with opened(path) as file:
        if os.fstat(file.fileno()).st_size < MAP_FROM:
            return file.read(MAP_FROM) or b""  # files of /proc and /sys tell no size
        return mapped(file)


def stream(file: IO[bytes], name: str, budget: Budget) -> Iterable[bytes]:
    """The chunks of a stream that cannot be mapped."""
    while chunk := file.read(CHUNK):
        budget.spend(name, len(chunk))
        yield chunk


def digest(path: str) -> str:
    """SHA-256 of a file on disk, in hex; about a second per gigabyte, so not on the way of a scan. OSError as it
    comes, and for what is no regular file."""
    import hashlib

    with opened(path) as file:
        made = hashlib.sha256()  # `file_digest` takes longer to make its buffer than to hash a small file
        while piece := file.read(CHUNK):
            made.update(piece)
        return made.hexdigest()


def small_digest(data: Buffer) -> str | None:
    """SHA-256 of a buffer if it is small enough not to be felt."""
    if len(data) > HASH_UP_TO:
        return None
    import hashlib

    return hashlib.sha256(data[0 : len(data)]).hexdigest()
