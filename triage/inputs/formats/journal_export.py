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
ENTRY_MAX = 16 << 20  # bytes of an entry without binary values
BARE = re.compile(rb"(?m)^[A-Z0-9_]{1,64}$")  # a key alone on its line: a binary value follows


def sniff(head: bytes, data: Buffer) -> bool:
    """Begins with a journal's own fields."""
    return re.match(rb"(?:__CURSOR|__REALTIME_TIMESTAMP|__MONOTONIC_TIMESTAMP)=", head) is not None


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """The kernel's entries."""
    at, number, size = 0, 1, len(data)
    while at < size:
        stop = data.find(b"\n\n", at, at + ENTRY_MAX)
        block = data[at : stop if stop >= 0 else min(size, at + ENTRY_MAX)]
        if BARE.search(block):
            fields, after, lines = with_binary(data, at)
            if after > size:
                yield Lost("an entry whose end is missing")
        else:
            # Most entries are of others: a look at the bytes saves taking them apart.
            wanted = b"kernel" in block or b"_TRANSPORT=" not in block
            fields = dict(reversed([plain(line) for line in block.split(b"\n")])) if wanted else {}
            after, lines = at + len(block) + 2, block.count(b"\n") + 2
        if fields and (made := entry(fields, number)) is not None:
            yield made
        at, number = after, number + lines


def plain(line: bytes) -> tuple[str, bytes]:
    """`KEY=value`"""
    key, _, value = line.partition(b"=")
    return key.decode("ascii", "replace"), value


def with_binary(data: Buffer, start: int) -> tuple[dict[str, bytes], int, int]:
    """An entry in which a length tells where a value ends: its fields, the offset behind it, its lines.

    The offset is beyond the data if the entry is cut.
    """
    fields, at, lines, size = dict[str, bytes](), start, 0, len(data)
    for _ in range(FIELDS_MAX):
        stop = data.find(b"\n", at, at + LINE_MAX)
        if stop < 0:
            break
        line, at, lines = data[at:stop], stop + 1, lines + 1
        if not line:
            return fields, at, lines
        key, value = plain(line)
        if b"=" not in line:
            length = int.from_bytes(data[at : at + 8], "little")
            if at + 8 + length > size:
                break
            value = data[at + 8 : at + 8 + min(length, LINE_MAX)]
            lines += data[at : at + 8].count(b"\n") + value.count(b"\n") + 1
            at += 8 + length + 1
        fields.setdefault(key, value)
    return {}, size + 1, lines
