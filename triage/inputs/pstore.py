"""Records of the persistent store (fs/pstore), put together: the kernel cuts the log of a crash, newest part first.

A record begins with `Panic#1 Part3`: why it was written, the how manyth dump since boot, and its part. Files are named
`dmesg-<backend>-<id>`, with `.enc.z` where the kernel could not unpack what firmware kept; ramoops' own header line
`====1795399907.123456-C` may stand before it.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from triage.inputs.buffers import Buffer

FILE = re.compile(r"(?P<folder>(?:.*/)?)dmesg-(?P<backend>[a-z_]{2,20})-(?P<id>[0-9a-f]{1,24})(?:\.enc\.z)?")
HEADER = re.compile(rb"(?P<reason>[A-Z][\w -]{2,20})#(?P<count>\d{1,9}) Part(?P<part>\d{1,9})\r?\n")
RAMOOPS = re.compile(rb"====\d{1,20}(?:\.\d{1,9})?(?:-(?P<form>[CD]))?\n")
RECORD_MAX = 16 << 20  # bytes of one record, unpacked; backends keep kilobytes
SAME_DUMP = 60  # seconds between two parts of one dump; writing one takes milliseconds
NUMBERED = re.compile(r"(?<!\d)(?:\d+/){1,2}$")  # systemd-pstore files records into folders named for their ids
MISSING = b"-- part %d is missing --\n"


@dataclass(slots=True)
class Record:
    """One part of one dump."""

    path: str
    data: bytes
    reason: str | None = None
    count: int = 0
    part: int = 0


@dataclass(slots=True)
class Dump:
    """The log of one crash, its parts in the order in which the kernel wrote the lines."""

    name: str
    data: bytes
    seconds: int | None = None  # Unix time of the crash, where the names tell it
    notes: list[str] = field(default_factory=list)


def read(path: str, raw: Buffer) -> Record:
    """One file as a record: unpacked if need be, its header read."""
    data = raw[0 : min(len(raw), RECORD_MAX)]
    if (ramoops := RAMOOPS.match(data)) is not None:
        data = data[ramoops.end() :]
    if path.endswith(".enc.z"):
        data = inflate(data)
    header = HEADER.match(data)
    if header is None:
        return Record(path, data)
    return Record(path, data, header["reason"].decode("ascii"), int(header["count"]), int(header["part"]))


def inflate(data: bytes) -> bytes:
    """The record out of zlib's format (until 4.8) or bare deflate (since); as it is if it is neither."""
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        try:
            made = zlib.decompressobj(window).decompress(data, RECORD_MAX)
        except zlib.error:
            continue
        if made:
            return made
    return data


def assemble(records: Iterable[Record]) -> list[Dump]:
    """The dumps among records of one store, each out of its parts; a record without header is one of its own."""
    sets = dict[tuple[str, str | None, int], list[Record]]()
    for record in records:
        # Each record of ramoops is a whole dump; its number is the slot.
        whole = record.reason is None or "dmesg-ramoops-" in record.path
        sets.setdefault((record.path if whole else store(record.path), record.reason, record.count), []).append(record)
    return [put_together(dump) for parts in sets.values() for dump in split(parts)]


def store(path: str) -> str:
    """What the files of one store have in common: folder and backend."""
    found = FILE.fullmatch(path)
    return f"{NUMBERED.sub('', found['folder'])}dmesg-{found['backend']}" if found else path


def split(records: list[Record]) -> list[list[Record]]:
    """Records of the same reason and count by crash: each boot counts from one, a store keeps those of many."""
    dumps = list[list[Record]]()
    for record in sorted(records, key=moment):
        last = dumps[-1] if dumps else []
        if not last or record.part in (r.part for r in last) or moment(record)[0] - moment(last[-1])[0] > SAME_DUMP:
            dumps.append([])
        dumps[-1].append(record)
    return dumps


def moment(record: Record) -> tuple[int, str]:
    """When a record was written, as far as its name tells: efi's id is seconds, two digits of part, three of count."""
    found = FILE.fullmatch(record.path)
    seconds = int(found["id"][:-5]) if found and found["id"].isdigit() and 13 <= len(found["id"]) <= 16 else 0
    return seconds, record.path


def put_together(records: list[Record]) -> Dump:
    """One dump; a part that is missing leaves a line that says so."""
    records = sorted(records, key=lambda r: -r.part)
    data, missing, expected = bytearray(), list[int](), records[0].part
    for record in records:
        while expected > record.part and len(missing) < 1000:
            missing.append(expected)
            data += MISSING % expected
            expected -= 1
        data += record.data if record.data.endswith(b"\n") else record.data + b"\n"
        expected = record.part - 1
    while expected > 0 and len(missing) < 1000 and records[0].reason is not None:
        missing.append(expected)
        data += MISSING % expected
        expected -= 1
    first = records[0]
    name = first.path if len(records) == 1 else f"{store(first.path)} {first.reason}#{first.count}"
    notes = [f"part {', '.join(map(str, missing))} of {first.reason}#{first.count} is missing"] if missing else []
    return Dump(name, bytes(data), moment(first)[0] or None, notes)
