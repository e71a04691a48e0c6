"""Directories and archives: what to open of them, and what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from triage.errors import InputError
from triage.inputs import Found, Refused, Skipped, layouts, magic, pstore
from triage.inputs.archives import Member, directory_members, file_member, tar_members, zip_members
from triage.inputs.blob import Blob, Facts
from triage.inputs.buffers import Budget, small_digest
from triage.inputs.layouts import Choice
from triage.inputs.text import logs
from triage.inputs.walk import examine


def directory(path: Path, name: str, budget: Budget) -> Iterator[Found]:
    """What the files below a directory hold."""
    problems = list[str]()
    members = directory_members(path, name, budget, problems)
    yield from several(name.rstrip("/"), members, problems, Facts(), 0, budget)


def named(paths: Sequence[str], budget: Budget) -> Iterator[Found]:
    """Records of the persistent store that a user named one by one."""
    members = [file_member(Path(path), path, Path(path).stat()) for path in paths]
    for choice in layouts.plan(members, Facts(), "").chosen:
        yield from opened(choice, "", 0, budget)


def archive(blob: Blob, kind: str, budget: Budget) -> Iterator[Found]:
    """What the members of an archive hold."""
    if blob.depth >= budget.limits.depth:
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
        yield Refused(name, f"nothing of use in it ({len(members)} files)", foreign=True)
    elif useless:
        yield Skipped(name, "files of no use", useless)


def opened(choice: Choice, prefix: str, depth: int, budget: Budget) -> Iterator[Found]:
    """What one choice of a plan holds."""
    name, member = prefix + choice.name, choice.members[0]
    if choice.records:
        yield from dumps(choice, prefix, depth)
        return
    try:
        data, notes = member.read()
    except InputError as error:
        yield Refused(name, error.reason)
        return
    if notes and len(data) == 0:
        yield Refused(name, notes[0])
        return
    if choice.guessed and magic.identify(data) in magic.FOREIGN:
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
