"""Archives behind a URL (`s3://`, `gs://`, `https://`, whatever fsspec knows): listed here, fetched by who reads them.

A remote file's date is its version: the store's ETag where it gives one, else its date of change.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from triage.errors import InputError
from triage.fleet.units import CRASH_DIRECTORY, TOGETHER, Found, Missing, Unit

URL = re.compile(r"(?!file:)[a-z][a-z0-9+.-]{0,20}://")
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "http": "https", "https": "https"}  # of the package
VERSIONS = ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "mtime", "updated", "created")


def is_remote(path: str) -> bool:
    """Whether a path is a URL."""
    return URL.match(path) is not None


def units(url: str) -> Iterator[Found]:
    """The units below a URL: a crash directory's files together, everything else file by file."""
    try:
        listed = files(url)
    except Exception as error:  # every file system of fsspec raises its own
        yield Missing(url, told(error))
        return
    if not listed:
        yield Missing(url, "no such file or directory")
    folders: dict[str, list[tuple[str, int, int]]] = {}
    for name, size, version in listed:
        folders.setdefault(str(PurePosixPath(name.partition("://")[2]).parent), []).append((name, size, version))
    for members in folders.values():
        yield from grouped(members)


def grouped(members: list[tuple[str, int, int]]) -> Iterator[Unit]:
    """The units of the files of one remote directory."""
    crash = any(CRASH_DIRECTORY.fullmatch(PurePosixPath(name).name) for name, *_ in members)
    if crash and 1 < len(members) <= TOGETHER:
        names = tuple(name for name, *_ in members)
        versions = zlib.crc32(repr([version for *_, version in members]).encode())
        yield Unit(names[0].rpartition("/")[0], names, sum(size for _, size, _ in members), versions)
    else:
        for name, size, version in members:
            yield Unit(name, (name,), size, version)


def files(url: str) -> list[tuple[str, int, int]]:
    """(URL, bytes, version) of the files that a URL names: itself, those below it, or those that fit its pattern."""
    system, path = opened(url)
    found: dict[str, Any] = system.glob(path, detail=True) if re.search(r"[*?\[]", path) else {path: None}
    listed: dict[str, Any] = {}
    for name, info in found.items():
        if info is None or info.get("type") == "directory":
            listed |= {one: facts or system.info(one) for one, facts in system.find(name, detail=True).items()}
        else:
            listed[name] = info
    scheme = url.partition("://")[0]
    return [
        (name if URL.match(name) else f"{scheme}://{name.lstrip('/')}", int(info.get("size") or 0), version(info))
        for name, info in sorted(listed.items())
    ]


def version(info: dict[str, Any]) -> int:
    """A number that changes when a remote file does."""
    told = next((info[key] for key in VERSIONS if info.get(key)), "")
    return zlib.crc32(str(told).encode())


def opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it; raises InputError where its driver is not installed."""
    try:
        import fsspec

        found: tuple[Any, str] = fsspec.core.url_to_fs(url, use_listings_cache=False)
    except (ImportError, ValueError) as error:
        scheme = url.partition("://")[0]
        extra = EXTRAS.get(scheme)
        missing = f"{scheme}:// needs a driver: pip install 'vmtriage[{extra}]'" if extra else f"{error}"
        raise InputError(url, missing) from None
    return found


@contextmanager
def fetched(unit: Unit) -> Iterator[dict[str, str]]:
    """The unit's files on this machine for as long as they are read: path there -> path or URL as it is known.

    Raises OSError for a file that cannot be fetched: the network failed, it is gone, access is denied.
    """
    with TemporaryDirectory(prefix="triage-") as folder:
        yield {
            fetch(url, Path(folder, str(number))) if is_remote(url) else url: url
            for number, url in enumerate(unit.paths)
        }


def fetch(url: str, folder: Path) -> str:
    """Fetch one file into a directory of its own, under its own name; raises OSError."""
    folder.mkdir()
    target = folder / (PurePosixPath(url).name or "file")
    try:
        system, path = opened(url)
        system.get_file(path, str(target))
    except Exception as error:  # every file system of fsspec raises its own
        raise OSError(f"{url}: cannot be fetched: {told(error)}") from error
    return str(target)


def told(error: Exception) -> str:
    """The reason of a remote failure in one line."""
    if isinstance(error, InputError):
        return error.reason
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:300]
