"""dmesg -J (util-linux 2.38): one document with the whole ring buffer.

`{"dmesg": [{"pri": 6, "time": 0.000000, "caller": "T0", "msg": "Linux version ..."}, ...]}`, spread over lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from triage.inputs.buffers import Buffer
from triage.inputs.formats import Line, Lost, integer, render

NAME = "dmesg-json"
DOCUMENT_MAX = 256 << 20  # bytes; the kernel's ring buffer is at most a few MB
ENTRY = re.compile(rb'\{\s*"(?:fac|pri)"[^{}]*?"msg"\s*:\s*"(?:[^"\\]|\\.)*"\s*\}')


def sniff(head: bytes, data: Buffer) -> bool:
    """A document whose only key is dmesg."""
    return re.match(rb'\s*\{\s*"dmesg"\s*:\s*\[', head) is not None


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """All entries; each is decoded on its own, so that a cut document gives those before the cut."""
    raw, at, number = data[0 : min(len(data), DOCUMENT_MAX)], 0, 1
    for found in ENTRY.finditer(raw):
        number += raw.count(b"\n", at, found.start())
        at = found.start()
        try:
            fields = json.loads(found[0], strict=False)
        except ValueError:
            yield Lost("an entry that is no JSON")
            continue
        priority, time, caller = integer(fields.get("pri")), fields.get("time"), fields.get("caller")
        text = render(
            str(fields["msg"]),
            time=float(time) if isinstance(time, (int, float)) else None,
            caller=str(caller) if caller else None,
            level=priority & 7 if priority is not None else None,
        )
        yield Line(text, number)
    if not raw.rstrip().endswith(b"}"):
        yield Lost("the end of the document is missing")
