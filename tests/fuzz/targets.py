"""The functions that are fuzzed: each takes any bytes and must end, with a result or with an error of our own tree."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from triage import inputs
from triage.errors import TriageError
from triage.inputs import Limits, LogText
from triage.redact import Redactor

SMALL = Limits(bytes=1 << 20, ratio=100, members=50, depth=4, seconds=2.0)


@cache
def scratch() -> Path:
    """A folder in memory for what can only be read as a file."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="triage-fuzz-", dir=shared if os.access(shared, os.W_OK) else None))


def stored(data: bytes, name: str) -> Path:
    """The bytes as a file."""
    path = scratch() / name
    path.write_bytes(data)
    return path


def log(data: bytes) -> None:
    """Scan, prefixes, grammars and the events they build, as JSON lines and CSV."""
    from triage.logs.parse import Parser
    from triage.report import row

    for event in Parser(LogText(name="fuzz", data=data)).events():
        row("jsonl", event)
        row("csv", event)


def case(data: bytes) -> None:
    """From the log to the report, redacted as well."""
    from triage import pipeline, report
    from triage.logs.parse import Parser

    text = LogText(name="fuzz", data=data)
    cases = pipeline.judge_logs([(text, list(Parser(text).events()))])
    report.render("markdown", cases)
    report.render("json", Redactor().redact(cases))


def prefix(data: bytes) -> None:
    """What stands before a message on its line."""
    from triage.logs.prefix import split

    for line in data.decode("utf-8", "replace").split("\n"):
        split(line)


def container(data: bytes) -> None:
    """Archives, compressed files, journal formats: whatever a file turns out to be."""
    path = stored(data, "input")
    for found in inputs.find([str(path)], limits=SMALL):
        if isinstance(found, LogText):
            bytes(found.data[0 : len(found.data)])
            found.number(1)


def rasdaemon(data: bytes) -> None:
    """rasdaemon's SQLite database."""
    list(inputs.find([str(stored(data, "ras-mc_event.db"))], limits=SMALL))


def pstore(data: bytes) -> None:
    """A crash directory whose files are the pieces between NUL bytes."""
    folder = scratch() / "pstore"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, piece in enumerate(data.split(b"\0\0")[:6]):
        (folder / f"dmesg-efi_pstore-1795399907{number:02d}001").write_bytes(piece)
    list(inputs.find([str(folder)], limits=SMALL))


def board(data: bytes) -> None:
    """The board's inventory and the BMC's event log."""
    from triage.correlate import board as reader

    text = data.decode("utf-8", "replace")
    reader.slots(text)
    reader.bmc_events(text)


def core(data: bytes) -> None:
    """The headers and notes of a core of any form, and VMCOREINFO in them."""
    from triage.vmcore import corenotes, detect

    path = str(stored(data, "vmcore"))
    with suppress(ValueError):
        form = detect.detect(path).format
        for note in corenotes.notes(path, form):
            note.data.decode("utf-8", "replace")


def btf(data: bytes) -> None:
    """Type information out of a core; what names a type that is not there is a ValueError or an IndexError."""
    from triage.vmcore.btf import Btf, Kind, reduced

    with suppress(ValueError, IndexError):
        index = Btf(data)
        for number in range(1, min(len(index), 200) + 1):
            entry = index.entry(number)
            if entry.kind in (Kind.STRUCT, Kind.UNION):
                index.members(entry)
            elif entry.kind in (Kind.ENUM, Kind.ENUM64):
                index.enumerators(entry)
        index.constant("PG_locked")
        reduced(data, {1})


def answer(data: bytes) -> None:
    """What comes back from the process that reads a core."""
    from triage.vmcore import parent, wire

    parts = parent.Parts("vmcore")
    for line in data.split(b"\n"):
        with suppress(wire.WireError):
            parts.add(*wire.decode(line))
    with suppress(TriageError):
        parts.facts(None)


def redact(data: bytes) -> None:
    """Any text is redacted, and what a field told is found whatever stands around it."""
    text = data.decode("utf-8", "replace")
    redactor = Redactor()
    redactor.learn(host="srv9.acme.example")
    assert "acme.example" not in redactor.text(f"{text} srv9.acme.example {text[::-1]}", 16) or "acme.example" in text


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (log, case, prefix, container, rasdaemon, pstore, board, core, btf, answer, redact)
}  # fmt: skip
