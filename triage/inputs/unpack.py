"""gzip, bzip2, xz and zstd streams, chunk by chunk, within bounds; a cut stream gives what came before the cut."""

from __future__ import annotations

import bz2
import lzma
import sys
import zlib
from collections.abc import Iterator
from typing import Protocol

from triage.errors import InputError
from triage.inputs.buffers import CHUNK, Budget, Buffer

XZ_MEMORY = 256 << 20  # bytes; `xz -9` needs 65 MiB


class Decompressor(Protocol):
    """What the classes of bz2, lzma and zstd have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class Gzip:
    """zlib's decompressor in the shape of the others."""

    def __init__(self) -> None:
        self.zlib = zlib.decompressobj(31)  # with gzip's header and checksum
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self.zlib.eof

    @property
    def unused_data(self) -> bytes:
        return self.zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        out = self.zlib.decompress(self.zlib.unconsumed_tail + data, max_length)
        self.needs_input = not self.zlib.unconsumed_tail and len(out) < max_length
        return out


def decompressor(kind: str) -> Decompressor:
    """A fresh decompressor for one member of a stream."""
    if kind == "gzip":
        return Gzip()
    if kind == "bzip2":
        return bz2.BZ2Decompressor()
    if kind == "xz":
        return lzma.LZMADecompressor(memlimit=XZ_MEMORY)
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor
    else:
        from backports.zstd import ZstdDecompressor
    made: Decompressor = ZstdDecompressor()
    return made


def unpacked(data: Buffer, kind: str, name: str, budget: Budget) -> Iterator[bytes]:
    """The unpacked chunks of one or more members one after the other.

    Raises LimitError at a bound, InputError for a cut or damaged stream; the chunks before that are good.
    """
    at, made, size = 0, 0, len(data)
    while at < size:
        stream, start = decompressor(kind), at
        while not stream.eof:
            piece = data[at : at + CHUNK] if stream.needs_input else b""
            try:
                out = stream.decompress(piece, CHUNK)
            except Exception as error:  # each library has errors of its own
                raise InputError(name, f"damaged {kind} data near byte {at}: {error}") from error
            at += len(piece)
            made += len(out)
            budget.spend(name, len(out), made, at)
            if out:
                yield out
            elif not piece and at >= size and not stream.eof:
                raise InputError(name, f"truncated {kind} data")
        at -= len(stream.unused_data)
        if at == start or not is_member(data[at : at + 512]):  # padding or a signature behind the data
            return


def is_member(head: bytes) -> bool:
    """Whether a further member begins here, behind any padding with NULs (tapes, xz)."""
    return bool(head.strip(b"\0"))
