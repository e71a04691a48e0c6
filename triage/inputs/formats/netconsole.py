"""Extended netconsole whose long messages were sent in fragments (drivers/net/netconsole.c, since 4.4).

```
6.12.0,4,416,1758426,-,ncfrag=0/33;Memory failure: 0
6.12.0,4,416,1758426,-,ncfrag=20/33;x1a2b3: x ...
```
The header is that of /dev/kmsg; ncfrag is the byte offset of the fragment and the length of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage.inputs.buffers import Buffer
from triage.inputs.formats import Line, Lost, lines

NAME = "netconsole"
FRAGMENT = re.compile(
    rb"(?P<head>.{0,300}?(?:\d+\.\d[\w.+-]{1,64},)?\d{1,5},(?P<sequence>\d{1,20}),\d{1,20},[-c+](?:,caller=[TC]\d{1,10})?)"
    rb",ncfrag=(?P<offset>\d{1,7})/(?P<length>\d{1,7});(?P<text>.*)",
    re.S,
)
HEADER = re.compile(rb"(?:^|[ \n,])\d{1,5},\d{1,20},\d{1,20},[-c+][,;]")
PENDING_MAX = 64  # messages whose fragments are still coming
GAP = b"..."  # stands for what a lost packet held


@dataclass(slots=True)
class Message:
    """The fragments of one message that have come so far."""

    head: bytes
    length: int
    number: int
    parts: dict[int, bytes] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return sum(map(len, self.parts.values())) >= self.length

    def text(self) -> str:
        """The message in one piece, a gap where a fragment did not come."""
        whole, at = self.head + b";", 0
        for offset, part in sorted(self.parts.items()):
            whole += (GAP if offset > at else b"") + part
            at = offset + len(part)
        return (whole + (GAP if at < self.length else b"")).decode("utf-8", "replace")


def sniff(head: bytes, data: Buffer) -> bool:
    """Lines with the header of extended netconsole, and fragments; without fragments the lines are read as they are."""
    if len(data) <= len(head) and b",ncfrag=" not in head:
        return False  # the cheap question first: most logs are small, and an archive has a hundred thousand
    return HEADER.search(head) is not None and data.find(b",ncfrag=") >= 0


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """All lines, the fragments of a message put together where the last of them stands."""
    pending = dict[bytes, Message]()
    for raw, number in lines(data):
        found = FRAGMENT.match(raw) if b",ncfrag=" in raw else None
        if found is None:
            yield Line(raw.decode("utf-8", "replace"), number)
            continue
        key, length = found["sequence"], int(found["length"])
        message = pending.setdefault(key, Message(found["head"], length, number))
        message.parts[int(found["offset"])] = found["text"].removesuffix(b"\r")
        if message.complete:
            yield Line(pending.pop(key).text(), message.number)
        elif len(pending) > PENDING_MAX:
            yield from incomplete(pending.pop(next(iter(pending))))
    for message in pending.values():
        yield from incomplete(message)


def incomplete(message: Message) -> Iterator[Line | Lost]:
    """A message of which a fragment is missing."""
    yield Line(message.text(), message.number)
    yield Lost("a message of which netconsole lost a packet")
