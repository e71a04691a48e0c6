"""The members of tar and zip archives and of directories in one shape; nothing is ever written by a member's name."""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from calendar import timegm
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from mmap import mmap
from pathlib import Path
from typing import IO, Any

from triage.errors import InputError, LimitError
from triage.inputs.blob import shown
from triage.inputs.buffers import CHUNK, Budget, Buffer, opened, read_file, spool

HEADER_MAX = 16 << 20  # bytes of one tar header; a lying size must not be read into memory
DIRECTORY_MAX = 64 << 20  # bytes of a zip's list of members
HEAD = 512


@dataclass(frozen=True, slots=True)
class Member:
    """One regular file of a directory or archive."""

    path: str  # relative, with slashes
    size: int
    mtime: float | None
    head: Callable[[], bytes]  # its first bytes
    read: Callable[[], tuple[Buffer, list[str]]]  # all of it, and what was lost; InputError
    disk: str | None = None  # where it lies, if it is a file on disk


class Guarded:
    """A file object for tarfile that refuses to read a header of gigabytes into memory."""

    def __init__(self, file: IO[bytes] | mmap) -> None:
        self.file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= HEADER_MAX:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self.file.read(size)


def as_file(data: Buffer) -> Any:
    """A buffer as a file object that can seek."""
    return data if isinstance(data, mmap) else BytesIO(data[0 : len(data)])


def tar_members(data: Buffer, name: str, budget: Budget, problems: list[str]) -> list[Member]:
    """The regular members of a tar archive; what is odd or cut is told in `problems`."""
    members, last = list[Member](), -1
    try:
        with tarfile.open(fileobj=Guarded(as_file(data)), mode="r:", errorlevel=0) as tar:  # type: ignore[call-overload]
            for info in tar:
                budget.member(name)
                if info.offset <= last or info.size < 0:
                    raise tarfile.ReadError("a member that lies before the one in front of it")
                last = info.offset
                if info.isreg() and not odd(info.name, info.issparse(), problems):
                    members.append(tar_member(data, info, name, budget))
    except LimitError as error:
        problems.append(error.reason)
    except Exception as error:  # a hostile archive finds more ways to fail than tarfile documents
        problems.append(f"damaged or truncated tar archive: {error}")
    return members


def tar_member(data: Buffer, info: tarfile.TarInfo, name: str, budget: Budget) -> Member:
    """One member: a run of bytes of the archive."""
    start = info.offset_data
    stop = min(start + info.size, len(data))  # a size may lie
    title = f"{name}!{info.name}"

    def chunks() -> Iterator[bytes]:
        for at in range(start, stop, CHUNK):
            chunk = data[at : min(at + CHUNK, stop)]
            budget.spend(title, len(chunk))
            yield chunk

    def read() -> tuple[Buffer, list[str]]:
        made, notes = spool(chunks())
        if not notes and len(made) < info.size:
            notes = [f"truncated: {len(made)} of {info.size} bytes are there"]
        return made, notes

    head = lambda: data[start : min(start + HEAD, stop)]  # noqa: E731
    return Member(clean(info.name), info.size, float(info.mtime), head, read)


def zip_members(data: Buffer, name: str, budget: Budget, problems: list[str]) -> list[Member]:
    """The regular members of a zip archive."""
    members = list[Member]()
    try:
        check_directory(data)
        archive = zipfile.ZipFile(as_file(data))
        for info in archive.infolist():
            budget.member(name)
            link = stat.S_ISLNK(info.external_attr >> 16)
            if not info.is_dir() and not link and not odd(info.filename, False, problems):
                members.append(zip_member(archive, info, name, budget))
    except LimitError as error:
        problems.append(error.reason)
    except Exception as error:  # zipfile raises whatever a lying field leads to
        problems.append(f"damaged or truncated zip archive: {error}")
    return members


def check_directory(data: Buffer) -> None:
    """Refuse a zip whose list of members would fill the memory."""
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - (1 << 16) - 22))
    if end >= 0 and int.from_bytes(data[end + 12 : end + 16], "little") > DIRECTORY_MAX:
        raise zipfile.BadZipFile("its list of members is too long")


def zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, budget: Budget) -> Member:
    """One member, unpacked as it is read."""
    title = f"{name}!{info.filename}"

    def chunks() -> Iterator[bytes]:
        made = 0
        try:
            with archive.open(info) as file:
                while chunk := file.read(CHUNK):
                    made += len(chunk)
                    budget.spend(title, len(chunk), made, info.compress_size)
                    yield chunk
        except LimitError:
            raise
        except Exception as error:  # wrong sizes, checksums, methods; encrypted
            raise InputError(title, f"cannot be unpacked: {error}") from error

    def head() -> bytes:
        try:
            with archive.open(info) as file:
                return file.read(HEAD)
        except Exception:  # the same fault shows again, with its reason, when it is read
            return b""

    time = float(timegm((*info.date_time, 0, 0, 0)))
    return Member(clean(info.filename), info.file_size, time, head, lambda: spool(chunks()))


def odd(path: str, sparse: bool, problems: list[str]) -> bool:
    """Whether a member is left out: its name climbs out of the archive, or it is sparse (few bytes that claim many)."""
    if path.startswith("/") or ".." in path.split("/"):
        problems.append(f"{shown(path)}: left out, its name leads out of the archive")
        return True
    if sparse:
        problems.append(f"{shown(path)}: left out, a sparse file")
    return sparse


def clean(path: str) -> str:
    """A member's path without the leading `./`."""
    return shown(path.removeprefix("./"))


def directory_members(root: Path, name: str, budget: Budget, problems: list[str]) -> list[Member]:
    """The regular files below a directory, sorted; links are followed only to files outside it."""
    members, inside = list[Member](), root.resolve()
    for folder, folders, files in os.walk(root, onerror=lambda e: problems.append(f"{e.filename}: {e.strerror}")):
        folders.sort()
        for path in (Path(folder, file) for file in sorted(files)):
            try:
                budget.member(name)
                info = path.stat()
            except LimitError as error:
                problems.append(error.reason)
                return members
            except OSError:  # a link to nowhere
                continue
            if stat.S_ISREG(info.st_mode) and not (path.is_symlink() and path.resolve().is_relative_to(inside)):
                members.append(file_member(path, str(path.relative_to(root)), info))
    return members


def file_member(path: Path, relative: str, info: os.stat_result) -> Member:
    """One file on disk. One that tells no size is not opened: it is empty, or a file of /proc, of which some take away
    what they give (/proc/kmsg)."""

    def head() -> bytes:
        if info.st_size == 0:
            return b""
        try:
            with opened(str(path)) as file:
                return file.read(HEAD) or b""
        except OSError:  # the reason is told when it is read
            return b""

    def read() -> tuple[Buffer, list[str]]:
        try:
            return (read_file(str(path)) if info.st_size else b""), []
        except OSError as error:
            raise InputError(str(path), error.strerror or str(error)) from error

    return Member(shown(relative), info.st_size, info.st_mtime, head, read, disk=str(path))
