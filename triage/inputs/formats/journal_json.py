"""journalctl -o json, json-pretty, json-seq and json-sse: one object an entry.

`{"_TRANSPORT":"kernel","PRIORITY":"4","MESSAGE":"Memory failure: 0x1a2b3: ...","_BOOT_ID":"5f..."}`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from triage.inputs.buffers import Buffer
from triage.inputs.formats import Line, Lost, lines
from triage.inputs.formats._journal import entry

NAME = "journal-json"
OBJECT_LINES = 4096  # lines of one object of json-pretty
RECORD_SEPARATOR = b"\x1e"  # before each object of json-seq
EVENT = b"data: "  # before each object of json-sse


def sniff(head: bytes, data: Buffer) -> bool:
    """An object with a journal's fields."""
    start = head.lstrip(b"\x1e\xef\xbb\xbf\r\n ").removeprefix(EVENT)
    return start.startswith(b"{") and (b'"__REALTIME_TIMESTAMP"' in head or b'"MESSAGE"' in head)


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """The kernel's entries."""
    for raw, number in objects(data):
        if b"kernel" not in raw and (b"_TRANSPORT" in raw or b"SYSLOG_IDENTIFIER" in raw):
            continue  # saves most of the time: a journal is mostly of others
        fields = decode(raw)
        if fields is None:
            yield Lost("an entry that is no JSON, or cut")
        elif (made := entry(fields, number)) is not None:
            yield made


def objects(data: Buffer) -> Iterator[tuple[bytes, int]]:
    """(bytes, first line) of each object, on one line or spread over several."""
    parts, first = list[bytes](), 0
    for line, number in lines(data):
        line = line.strip(b"\r \t" + RECORD_SEPARATOR).removeprefix(EVENT)
        if parts:
            parts.append(line)
            if line == b"}" or len(parts) > OBJECT_LINES:
                yield b"\n".join(parts), first
                parts = []
        elif line == b"{":
            parts, first = [line], number
        elif line:
            yield line, number
    if parts:
        yield b"\n".join(parts), first


def decode(raw: bytes) -> dict[str, Any] | None:
    """One object; None if it is cut or not one."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
