"""Log lines that a container runtime or a log collector wrapped in JSON, one object a line.

`{"log":"[   12.345678] text\\n","stream":"stdout","time":"2026-11-23T02:11:47.123456789Z"}` (docker json-file);
other collectors say `message` or `msg`, and `@timestamp`, `timestamp` or `ts`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.inputs.buffers import Buffer
from triage.inputs.formats import Line, Lost, lines
from triage.inputs.formats.journal_json import decode

NAME = "container-json"
TEXT = ("log", "message", "msg", "line")
CLOCK = ("time", "@timestamp", "timestamp", "ts")
ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


def sniff(head: bytes, data: Buffer) -> bool:
    """The first line is an object with a text."""
    first = head.lstrip().split(b"\n", 1)[0]
    fields = decode(first.strip()) if first.startswith(b"{") else None
    return fields is not None and any(isinstance(fields.get(key), str) for key in TEXT)


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """The text of each line, its clock before it."""
    for raw, number in lines(data):
        fields = decode(raw) if raw.strip() else {}
        if fields is None:
            yield Lost("a line that is no JSON, or cut")
            continue
        text = next((value for key in TEXT if isinstance(value := fields.get(key), str)), None)
        clock = next((value for key in CLOCK if isinstance(value := fields.get(key), str) and ISO.match(value)), None)
        if text is not None:
            yield Line(f"{clock} {text}".rstrip("\n") if clock else text.rstrip("\n"), number)
