"""Paths to units of work: what belongs to one crash is analysed together, everything else file by file.

/var/crash/127.0.0.1-2026-11-23-02:11:47/     vmcore, vmcore-dmesg.txt   one unit
/var/lib/systemd/pstore/1795399907/           dmesg-erst-1 ...           one unit
/srv/console/node17.log, node17.log.1.gz      a log and its rotations    one unit
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from triage.fleet import remote
from triage.fleet.units import CRASH_DIRECTORY, TOGETHER, Found, Missing, Unit
from triage.inputs import rotation

OURS = ({"store.json", "lock"}, {".triage-fleet"})  # a store or a report of ours lying in the archive
WHOLE_TREE = {"sos_commands"}  # the directory and all below it is one unit
FILE_URL = "file://"


def units(paths: Iterable[str]) -> Iterator[Found]:
    """The units under the given files, directories and glob patterns, in a fixed order, one by one as the walk meets
    them."""
    for path in paths:
        if remote.is_remote(path):
            yield from remote.units(path)
            continue
        if os.path.lexists(path):
            yield from below(path)
            continue
        matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207  not below a Path
        if not matches:
            yield Missing(path, "no such file or directory")
        for match in matches:
            yield from below(match)


def below(path: str) -> Iterator[Found]:
    """The units of one file or directory."""
    try:
        if not Path(path).is_dir():
            yield unit(path, [path])
            return
        with os.scandir(path) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        yield Missing(path, (error.strerror or str(error)).lower())
        return
    yield from inside(path, entries)


def inside(path: str, entries: list[os.DirEntry[str]]) -> Iterator[Found]:
    """The units of a directory: one if it is a crash's, else its files by families and its directories in turn."""
    if any(ours <= {entry.name for entry in entries} for ours in OURS):
        return
    names = {entry.name for entry in entries if CRASH_DIRECTORY.fullmatch(entry.name)}
    files = [entry for entry in entries if is_file(entry)]
    if names & WHOLE_TREE:
        yield whole(path)
    elif names and len(files) <= TOGETHER:
        yield together(path, [entry.path for entry in files])
    else:
        for name, family in families(files).items():
            yield together(f"{path.rstrip('/')}/{name}", family)
    if not names & WHOLE_TREE:
        for entry in entries:
            if not is_file(entry) and entry.is_dir(follow_symlinks=False):
                yield from below(entry.path)


def families(files: Iterable[os.DirEntry[str]]) -> dict[str, list[str]]:
    """Logs with their rotations, by the name without the rotation's suffix; a lone file under its own name."""
    stems: dict[str, list[str]] = {}
    for entry in files:
        stems.setdefault(rotation.part(entry.name).family, []).append(entry.path)
    grouped: dict[str, list[str]] = {}
    for stem, paths in stems.items():
        if 1 < len(paths) <= TOGETHER:
            grouped[stem] = paths
        else:
            grouped.update({Path(path).name: [path] for path in paths})
    return grouped


def is_file(entry: os.DirEntry[str]) -> bool:
    """Whether the entry is a regular file, or a link to one; pipes and devices are never opened."""
    try:
        return entry.is_file()
    except OSError:
        return False


def whole(path: str) -> Found:
    """A directory tree as one unit, which is read as a directory."""
    files = [f"{folder}/{name}" for folder, _, names in os.walk(path) for name in names]
    found = together(path, files)
    return Unit(clean(path), (path,), found.size, found.modified) if isinstance(found, Unit) else found


def together(name: str, paths: list[str]) -> Found:
    """Several files as one unit."""
    try:
        return unit(name if len(paths) > 1 else paths[0], paths)
    except OSError as error:
        return Missing(name, (error.strerror or str(error)).lower())


def unit(name: str, paths: list[str]) -> Unit:
    """The unit of these files; raises OSError for one that is gone."""
    found = [os.stat(path) for path in paths]  # noqa: PTH116  twice as fast as Path's, and there are millions
    return Unit(
        clean(name), tuple(sorted(paths)), sum(s.st_size for s in found), max((s.st_mtime_ns for s in found), default=0)
    )


def clean(path: str) -> str:
    """The path as text that every reader of the store can take; one that is not UTF-8 as a `file:` URL."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return FILE_URL + quote_from_bytes(os.fsencode(path))
    return path


def opened(text: str) -> str:
    """The path that `clean` made the text of."""
    return os.fsdecode(unquote_to_bytes(text[len(FILE_URL) :])) if text.startswith(FILE_URL) else text
