"""Text of any encoding and format as logs that can be scanned."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

from triage.inputs import Found, LogText, Refused, SideFile, formats
from triage.inputs.blob import Blob
from triage.inputs.buffers import CHUNK, Buffer, spool

HEAD = 64 << 10
SIDE_MAX = 4 << 20  # bytes of an inventory or event log
# `   1 | 11/23/2026 | 02:11:47 | Memory #0x12 | Uncorrectable ECC (UnCorrectable ECC |  DIMM 4 CPU 1) | Asserted`
SEL = re.compile(rb" {0,6}[0-9a-f]{1,6} \| (?:\d\d/\d\d/\d{2,4} \| \d\d:\d\d:\d\d|Pre-Init ?\|?)[^|\n]{0,40}\|")
# `Handle 0x0040, DMI type 17, 84 bytes`
STAMP = re.compile(rb"\[ {0,4}\d{1,7}\.\d{6}\]")  # somebody put a log and an inventory into one file
DMI = re.compile(rb"(?m)^Handle 0x[0-9A-Fa-f]{4}, DMI type \d+, \d+ bytes")


def logs(blob: Blob, kind: str) -> Iterator[Found]:
    """The logs in a blob of text (`utf-16` is one, too) or in an SQLite database."""
    if kind == "sqlite":
        from triage.inputs import rasdaemon

        yield from converted(blob, rasdaemon.NAME, rasdaemon.convert(blob.data, blob.facts.kernel))
        return
    if kind == "utf-16":
        blob = rewritten(blob, utf8(blob.data))
    elif (head := blob.data[0:HEAD]).count(b"\r") > 1 and b"\n" not in head:
        blob = rewritten(blob, line_feeds(blob.data))
    head = blob.data[0:HEAD]
    if side := side_kind(blob.data):
        text = blob.data[0 : min(len(blob.data), SIDE_MAX)].decode("utf-8", "replace")
        yield SideFile(blob.name, side, text, blob.facts.host)
        if not STAMP.search(head):
            return
    if module := formats.recognise(head, blob.data):
        yield from converted(blob, module.NAME, module.convert(blob.data))
    else:
        yield log(blob, blob.data)


def log(blob: Blob, data: Buffer) -> LogText:
    """A blob as a log, with all that is known of it."""
    facts = blob.facts
    return LogText(
        name=blob.name,
        data=data,
        host=facts.host,
        boot_id=facts.boot_id,
        sha256=blob.sha256,
        size=blob.size,
        format=facts.layout or "text",
        notes=blob.notes,
        wall=facts.wall,
        kernel=facts.kernel,
    )


def converted(blob: Blob, name: str, items: Iterable[formats.Line | formats.Lost]) -> Iterator[Found]:
    """The logs of a format that is not plain text; what was lost is told with the first of them."""
    made, lost = formats.collect(items)
    if not made:
        reason = "; ".join(lost) or "no message of the kernel in it"
        yield Refused(blob.name, f"{name}: {reason}")
    for part in made:
        text = log(blob, part.data.buffer())
        text.numbers, text.format = part.numbers, name
        text.host, text.boot_id = part.host or text.host, part.boot_id or text.boot_id
        text.notes += tuple(lost)
        lost = []
        yield text


def side_kind(data: Buffer) -> Literal["sel", "dmi"] | None:
    """What stands beside the logs, by its own form: a BMC's event log, a board's inventory."""
    if data.find(b", DMI type ", 0, SIDE_MAX) >= 0 and DMI.search(data[0 : min(len(data), SIDE_MAX)]):
        return "dmi"
    lines = [line for line in data[0:HEAD].split(b"\n") if line.strip()]
    return "sel" if sum(1 for line in lines if SEL.match(line)) * 2 > len(lines) else None


def rewritten(blob: Blob, chunks: Iterator[bytes]) -> Blob:
    """The same lines in other bytes."""
    data, notes = spool(chunks)
    return replace(blob, data=data, notes=(*blob.notes, *notes))


def line_feeds(data: Buffer) -> Iterator[bytes]:
    """A console log whose lines end in carriage returns alone."""
    return (data[at : at + CHUNK].replace(b"\r", b"\n") for at in range(0, len(data), CHUNK))


def utf8(data: Buffer) -> Iterator[bytes]:
    """UTF-16 as UTF-8, chunk by chunk; without a mark the order is where the NULs say."""
    head = data[0:4096]
    marked = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    order = "utf-16" if marked else "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
    decoder = getincrementaldecoder(order)("replace")
    for at in range(0, len(data), CHUNK):
        yield decoder.decode(data[at : at + CHUNK], at + CHUNK >= len(data)).encode("utf-8", "replace")
