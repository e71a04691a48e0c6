"""From a path to what it holds: each blob is looked at by its first bytes, unpacked, and looked at again."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from triage.errors import InputError
from triage.inputs import CoreFile, Found, Limits, Refused, Skipped, layouts, magic, pstore
from triage.inputs.archives import Member, directory_members, shown, tar_members, zip_members
from triage.inputs.blob import Blob, Facts
from triage.inputs.buffers import Budget, read_file, small_digest, spool, stream
from triage.inputs.layouts import Choice
from triage.inputs.text import logs
from triage.inputs.unpack import unpacked

OF_NO_USE = ("empty", "nuls", "binary", "elf")  # in a directory that may hold anything


def walk(path: str, limits: Limits) -> Iterator[Found]:
    """Everything of use behind one path that a user named."""
    budget, name = Budget(limits), shown(path)
    try:
        if path == "-":
            yield from examine(streamed(name, budget), budget)
            return
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            problems = list[str]()
            members = directory_members(Path(path), name, budget, problems)
            yield from several(name, members, problems, Facts(), 0, budget)
        elif stat.S_ISREG(mode):
            yield from examine(on_disk(path, name), budget)
        elif stat.S_ISFIFO(mode):
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
    """Standard input or a pipe, read to its end."""
    if path is None:
        data, notes = spool(stream(sys.stdin.buffer, name, budget))
    else:
        with Path(path).open("rb") as file:
            data, notes = spool(stream(file, name, budget))
    return Blob(name, data, Facts(), None, small_digest(data), len(data), tuple(notes))


def examine(blob: Blob, budget: Budget) -> Iterator[Found]:
    """What a blob is: a log, a core, or something to unpack and look into."""
    kind = magic.identify(blob.data)
    if kind == "core":
        yield core(blob)
    elif kind in ("gzip", "bzip2", "xz", "zstd"):
        yield from decompressed(blob, kind, budget)
    elif kind in ("tar", "zip"):
        yield from archive(blob, kind, budget)
    elif kind in ("text", "utf-16", "sqlite"):
        yield from logs(blob, kind)
    else:
        yield Refused(blob.name, magic.ADVICE.get(kind, f"{kind}: neither a log, a core nor an archive"))


def core(blob: Blob) -> Found:
    """A core on disk; one inside of something else would first have to be written out, gigabytes of it."""
    if blob.disk is None:
        return Refused(blob.name, "a core inside an archive or a compressed file; unpack it first")
    form = magic.core(blob.data[0:18]) or "elf"
    return CoreFile(blob.disk, blob.name, form, blob.facts.host, blob.facts.wall, blob.facts.kernel)


def too_deep(blob: Blob, budget: Budget) -> bool:
    """Whether a blob has been unpacked out of so many layers that it is a trap."""
    return blob.depth >= budget.limits.depth


def decompressed(blob: Blob, kind: str, budget: Budget) -> Iterator[Found]:
    """What a compressed file holds, under the same name."""
    if too_deep(blob, budget):
        yield Refused(blob.name, "packed in too many layers")
        return
    data, notes = spool(unpacked(blob.data, kind, blob.name, budget))
    if len(data) == 0:
        yield Refused(blob.name, notes[0] if notes else f"{kind} data that unpacks to nothing")
        return
    yield from examine(replace(blob, data=data, disk=None, notes=(*blob.notes, *notes), depth=blob.depth + 1), budget)


def archive(blob: Blob, kind: str, budget: Budget) -> Iterator[Found]:
    """What the members of an archive hold."""
    if too_deep(blob, budget):
        yield Refused(blob.name, "packed in too many layers")
        return
    problems = list(blob.notes)
    members = (tar_members if kind == "tar" else zip_members)(blob.data, blob.name, budget, problems)
    yield from several(blob.name, members, problems, blob.facts, blob.depth + 1, budget, inside=True)


def several(
    name: str,
    members: list[Member],
    problems: list[str],
    facts: Facts,
    depth: int,
    budget: Budget,
    inside: bool = False,
) -> Iterator[Found]:
    """What the members of a directory or archive hold, as far as their layout gives them a use."""
    planned = layouts.plan(members, facts, name)
    useful, useless = 0, len(planned.skipped)
    for number, choice in enumerate(planned.chosen):
        if inside and (reason := budget.over()):
            problems.append(f"{reason}; {len(planned.chosen) - number} files in it were not looked at")
            break
        prefix = name + ("!" if inside else "/")
        # A file on disk has the whole of the limits to itself; the members of an archive share one.
        for found in opened(choice, prefix, depth, budget if inside else Budget(budget.limits)):
            if isinstance(found, Skipped) and found.name == prefix + choice.name:
                useless += 1
            else:
                useful += not isinstance(found, (Refused, Skipped))
                yield found
    yield from (Refused(name, problem, partial=useful > 0) for problem in problems)
    if not useful and not problems:
        yield Refused(name, f"nothing of use in it ({len(members)} files)")
    elif useless:
        yield Skipped(name, "files of no use", useless)


def opened(choice: Choice, prefix: str, depth: int, budget: Budget) -> Iterator[Found]:
    """What one choice of a plan holds."""
    name, member = prefix + choice.name, choice.members[0]
    if choice.records:
        yield from dumps(choice, prefix, depth)
        return
    if member.disk is None and magic.core(member.head()):
        yield core(Blob(name, member.head()))
        return
    try:
        data, notes = member.read()
    except InputError as error:
        yield Refused(name, error.reason)
        return
    if notes and len(data) == 0:
        yield Refused(name, notes[0])
        return
    if choice.guessed and magic.identify(data) in OF_NO_USE:
        yield Skipped(name, "of no use", 1)
        return
    facts = choice.facts if member.disk else Facts(wall=choice.facts.wall or member.mtime).over(choice.facts)
    yield from examine(
        Blob(name, data, facts, member.disk, small_digest(data), member.size, tuple(notes), depth), budget
    )


def dumps(choice: Choice, prefix: str, depth: int) -> Iterator[Found]:
    """The crashes in a persistent store, each put together from its records."""
    records = list[pstore.Record]()
    for member in choice.members:
        try:
            records.append(pstore.read(member.path, member.read()[0]))
        except InputError as error:
            yield Refused(prefix + member.path, error.reason)
    for dump in pstore.assemble(records):
        facts = Facts(wall=dump.seconds).over(choice.facts) if dump.seconds else choice.facts
        yield from logs(
            Blob(prefix + dump.name, dump.data, facts, None, None, len(dump.data), tuple(dump.notes), depth), "text"
        )
