"""The journal's export format (journalctl -o export): KEY=value lines, an empty line after each entry.

```
__REALTIME_TIMESTAMP=1795399907123456
_BOOT_ID=5f1c...
_TRANSPORT=kernel
MESSAGE=Memory failure: 0x1a2b3: recovery action for free buddy page: Recovered
```
A value that is not plain text follows its bare KEY line as 64 bits of length (little endian), the bytes and a line end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.inputs.buffers import Buffer
from triage.inputs.formats import LINE_MAX, Line, Lost
from triage.inputs.formats._journal import entry

NAME = "journal-export"
FIELDS_MAX = 1024  # of one entry
WANTED = frozenset(
    [
        "MESSAGE",
        "PRIORITY",
        "SYSLOG_IDENTIFIER",
        "_BOOT_ID",
        "_HOSTNAME",
        "_SOURCE_MONOTONIC_TIMESTAMP",
        "_TRANSPORT",
        "__REALTIME_TIMESTAMP",
    ]
)


def sniff(head: bytes, data: Buffer) -> bool:
    """Begins with a journal's own fields."""
    return re.match(rb"(?:__CURSOR|__REALTIME_TIMESTAMP|__MONOTONIC_TIMESTAMP)=", head) is not None


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """The kernel's entries."""
    fields, first = dict[str, bytes](), 1
    at, number, size, read = 0, 1, len(data), 0
    while at < size:
        stop = data.find(b"\n", at)
        stop = size if stop < 0 else stop
        line, at = data[at : min(stop, at + LINE_MAX)], stop + 1
        if not line:
            if fields and (made := entry(fields, first)) is not None:
                yield made
            fields, first, read = {}, number + 1, 0
        elif b"=" in line:
            key, _, value = line.partition(b"=")
            keep(fields, key, value)
        else:
            length = int.from_bytes(data[at : at + 8], "little")
            if at + 8 + length > size:
                yield Lost("an entry whose end is missing")
                return
            value = data[at + 8 : at + 8 + min(length, LINE_MAX)]
            keep(fields, line, value)
            number += data[at : at + 8].count(b"\n") + value.count(b"\n") + 1
            at += 8 + length + 1
        number += 1
        read += 1
        if read > FIELDS_MAX:
            yield Lost("an entry with too many fields")
            fields, read = {}, 0
    if fields and (made := entry(fields, first)) is not None:
        yield made


def keep(fields: dict[str, bytes], key: bytes, value: bytes) -> None:
    """Take a field that is used; the first of a key that repeats."""
    name = key.decode("ascii", "replace")
    if name in WANTED:
        fields.setdefault(name, value)
