"""From a path to what it holds: each blob is looked at by its first bytes, unpacked, and looked at again."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import IO

from triage.inputs import CoreFile, Found, Limits, Refused, magic
from triage.inputs.blob import Blob, Facts, shown
from triage.inputs.buffers import CHUNK, Budget, Buffer, read_file, small_digest, spool, stream
from triage.inputs.text import logs

KMSG = os.makedev(1, 11)  # /dev/kmsg (Documentation/admin-guide/devices.txt)
RECORD = re.compile(r"dmesg-[a-z_]{2,20}-[0-9a-f]{1,24}(?:\.enc\.z)?")  # a file of the persistent store


def walk(paths: Sequence[str], limits: Limits) -> Iterator[Found]:
    """Everything of use behind the paths that a user named."""
    records = [path for path in paths if RECORD.fullmatch(Path(path).name) and Path(path).is_file()]
    for path in paths:
        if path not in records:
            yield from one(path, limits)
        elif path == records[0]:
            yield from tree().named(records, Budget(limits))


def one(path: str, limits: Limits) -> Iterator[Found]:
    """Everything of use behind one path."""
    budget, name = Budget(limits), shown(path)
    try:
        if path == "-":
            yield from examine(streamed(name, budget), budget)
            return
        info = Path(path).stat()
        mode = info.st_mode
        if stat.S_ISDIR(mode):
            yield from tree().directory(Path(path), name, budget)
        elif stat.S_ISREG(mode):
            yield from examine(on_disk(path, name), budget)
        elif stat.S_ISFIFO(mode) or info.st_rdev == KMSG:
            yield from examine(streamed(name, budget, path), budget)
        else:
            yield Refused(name, "neither a file nor a directory")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        yield Refused(name, getattr(error, "strerror", None) or str(error))


def on_disk(path: str, name: str) -> Blob:
    """A file as a blob."""
    data = read_file(path)
    return Blob(name, data, Facts(), path, small_digest(data), len(data))


def streamed(name: str, budget: Budget, path: str | None = None) -> Blob:
    """Standard input, a pipe, read to its end, or the kernel's log device, which ends where the log does now."""
    if path is None:
        data, notes = spool(stream(sys.stdin.buffer, name, budget))
    else:
        with Path(path).open("rb") as file:
            os.set_blocking(file.fileno(), os.fstat(file.fileno()).st_rdev != KMSG)
            data, notes = spool(stream(file, name, budget))
    return Blob(name, data, Facts(), None, small_digest(data), len(data), tuple(notes))


def tree() -> ModuleType:
    """The module for directories and archives, loaded when there is one: a plain log does without."""
    from triage.inputs import tree as module

    return module


def examine(blob: Blob, budget: Budget) -> Iterator[Found]:
    """What a blob is: a log, a core, or something to unpack and look into."""
    kind = magic.identify(blob.data)
    if kind == "core":
        yield core(blob)
    elif kind in ("gzip", "bzip2", "xz", "zstd"):
        yield from decompressed(blob, kind, budget)
    elif kind in ("tar", "zip"):
        yield from tree().archive(blob, kind, budget)
    elif kind in ("text", "utf-16", "sqlite"):
        yield from logs(blob, kind)
    else:
        reason = magic.ADVICE.get(kind, f"{kind}: neither a log, a core nor an archive")
        yield Refused(blob.name, reason, foreign=kind in magic.FOREIGN)


def core(blob: Blob) -> Found:
    """A core on disk, or unpacked into a file without a name that lives as long as the core is known."""
    form, facts = magic.core(blob.data[0:18]) or "elf", blob.facts
    if blob.disk is not None:
        return CoreFile(blob.disk, blob.name, form, facts.host, facts.wall, facts.kernel)
    try:
        held = written_out(blob.data)
    except OSError as error:
        return Refused(blob.name, f"a core that cannot be unpacked: {error.strerror or error}")
    path = f"/proc/self/fd/{held.fileno()}"
    known = CoreFile(path, blob.name, form, facts.host, facts.wall, facts.kernel)
    return replace(known, sha256=blob.sha256, size=blob.size, notes=blob.notes, held=held)


def written_out(data: Buffer) -> IO[bytes]:
    """The bytes in a temporary file without a name; OSError when the temporary folder is full."""
    import tempfile

    file = tempfile.TemporaryFile()  # noqa: SIM115  closed with its core
    for at in range(0, len(data), CHUNK):
        file.write(data[at : at + CHUNK])
    file.flush()
    return file


def decompressed(blob: Blob, kind: str, budget: Budget) -> Iterator[Found]:
    """What a compressed file holds, under the same name."""
    from triage.inputs.unpack import unpacked

    if blob.depth >= budget.limits.depth:
        yield Refused(blob.name, "packed in too many layers")
        return
    data, notes = spool(unpacked(blob.data, kind, blob.name, budget))
    if len(data) == 0:
        yield Refused(blob.name, notes[0] if notes else f"{kind} data that unpacks to nothing")
        return
    yield from examine(replace(blob, data=data, disk=None, notes=(*blob.notes, *notes), depth=blob.depth + 1), budget)
