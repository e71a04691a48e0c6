"""Finds the anchors of all kinds in raw bytes, in one pass, without splitting lines."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from typing import Protocol

CHUNK = 8 << 20


class Buffer(Protocol):
    """What `bytes` and `mmap` have in common."""

    def __len__(self) -> int: ...
    def __getitem__(self, where: slice) -> bytes: ...
    def find(self, sub: bytes, start: int = ..., stop: int = ...) -> int: ...
    def rfind(self, sub: bytes, start: int = ..., stop: int = ...) -> int: ...


class Scanner:
    """One Aho-Corasick automaton over the anchors of all kinds."""

    def __init__(self, anchors: Iterable[tuple[bytes, str]]) -> None:
        from ahocorasick_rs import BytesAhoCorasick, MatchKind  # noqa: PLC0415

        kinds: dict[bytes, tuple[str, ...]] = {}
        for anchor, kind in anchors:
            kinds[anchor] = (*kinds.get(anchor, ()), kind)
        self.kinds = list(kinds.values())
        # LeftmostFirst is the match kind with a vectorised prefilter: four times as fast as the standard one.
        self.matcher = BytesAhoCorasick(list(kinds), matchkind=MatchKind.LeftmostFirst)

    def hits(self, data: Buffer) -> Iterator[tuple[int, tuple[str, ...]]]:
        """(offset, kinds that own the anchor) of every anchor, in order; chunk by chunk, so that memory stays flat."""
        view, at = memoryview(data), 0  # type: ignore[arg-type]
        while at < len(data):
            stop = chunk_end(data, at)
            for which, start, _ in self.matcher.find_matches_as_indexes(view[at:stop]):
                yield at + start, self.kinds[which]
            release(data, at, stop)
            at = stop


def chunk_end(data: Buffer, at: int) -> int:
    """End of the chunk that begins at `at`: behind a line end where there is one."""
    if at + CHUNK >= len(data):
        return len(data)
    return data.rfind(b"\n", at, at + CHUNK) + 1 or at + CHUNK


def release(data: Buffer, start: int, stop: int) -> None:
    """Give the pages of a scanned chunk of a mapped file back, so that resident memory does not follow the file's size."""
    if isinstance(data, mmap.mmap):
        first = start - start % mmap.PAGESIZE
        data.madvise(mmap.MADV_DONTNEED, first, stop - first)
