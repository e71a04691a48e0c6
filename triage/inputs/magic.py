"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

import re
from typing import Literal

from triage.inputs.buffers import Buffer

SAMPLE = 64 << 10  # bytes looked at in each of three places to tell text from binary
TAR_MAGIC_AT = 257
# (offset, bytes, what it is); the more exact first
MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"\xfd7zXZ\0", "xz"),
    (4, b"1AY&SY", "bzip2"),
    (4, b"\x17rE8P\x90", "bzip2"),  # an empty one
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (TAR_MAGIC_AT, b"ustar", "tar"),
    (0, b"SQLite format 3\0", "sqlite"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"\x89LZO\0", "lzop"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-zip"),
    (0, b"Rar!", "rar"),
    (0, b"\xed\xab\xee\xdb", "rpm"),
    (0, b"!<arch>\n", "ar"),
    (0, b"LPKSHHRH", "journal"),
)
KDUMP, DISKDUMP, FLATTENED = b"KDUMP   ", b"DISKDUMP", b"makedumpfile\0"
ELF_CORE = 4  # ET_CORE
ADVICE = {
    "lz4": "compressed with lz4; unpack it first (lz4 -d)",
    "lzop": "compressed with lzop; unpack it first (lzop -d)",
    "journal": "a binary journal; give the output of journalctl --file=FILE -o export",
    "elf": "an ELF file that is no core",
    "empty": "empty file",
    "nuls": "nothing but NULs",
    "binary": "binary, neither a log, a core nor an archive",
}
FOREIGN = ("empty", "nuls", "binary", "elf", "rpm", "ar")  # of no use, and nothing is lost
ASCII = bytes(range(127))
CONTROL = re.compile(rb"[\x01-\x07\x0e-\x1a\x1c-\x1f]")


def core(head: bytes) -> str | None:
    """The format of a core by its first 18 bytes: elf (any ET_CORE), kdump, diskdump, flattened; None if it is none.

    makedumpfile writes `KDUMP   ` (diskdump `DISKDUMP`), its flattened form for pipes `makedumpfile\\0`.
    """
    if head.startswith(KDUMP):
        return "kdump"
    if head.startswith(DISKDUMP):
        return "diskdump"
    if head.startswith(FLATTENED):
        return "flattened"
    if head.startswith(b"\x7fELF") and len(head) >= 18:
        order: Literal["big", "little"] = "big" if head[5] == 2 else "little"
        return "elf" if int.from_bytes(head[16:18], order) == ELF_CORE else None
    return None


def identify(data: Buffer) -> str:
    """One word for what the bytes are: empty, core, gzip ... tar, zip, sqlite, text, utf-16, nuls, binary."""
    if len(data) == 0:
        return "empty"
    head = data[0:512]
    if core(head):
        return "core"
    for offset, magic, name in MAGIC:
        if head.startswith(magic, offset):
            return name
    if head.startswith(b"\x7fELF"):
        return "elf"
    return kind_of_text(data)


def kind_of_text(data: Buffer) -> str:
    """text, utf-16, nuls or binary, by start, middle and end; crashed machines leave runs of NULs in good logs."""
    sample = b"".join(data[at : at + SAMPLE] for at in sample_places(len(data)))
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")) or looks_utf16(sample[:4096]):
        return "utf-16"
    text = sample.replace(b"\0", b"")
    if not text:
        return "nuls"
    if len(CONTROL.findall(text)) * 20 > len(text):
        return "binary"
    high = len(text[:SAMPLE].translate(None, ASCII))
    return "binary" if high * 10 > 3 * len(text[:SAMPLE]) and not is_utf8(text[:SAMPLE]) else "text"


def sample_places(size: int) -> list[int]:
    """Offsets of the samples, without overlap in small files."""
    return [0] if size <= 3 * SAMPLE else [0, size // 2, size - SAMPLE]


def looks_utf16(sample: bytes) -> bool:
    """Whether every second byte is NUL and the others are not: UTF-16 without its mark."""
    pairs = len(sample) // 2
    if pairs < 8:
        return False
    even, odd = sample[0 : 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    return max(even, odd) * 10 > 9 * pairs and min(even, odd) * 10 < pairs


def is_utf8(sample: bytes) -> bool:
    """Whether the bytes are UTF-8, but for a character cut at the end."""
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(sample) - 4
    return True
