"""Finds the anchors of all kinds in raw bytes, without splitting lines."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from math import ceil
from typing import Any

from triage.inputs.buffers import Buffer

CHUNK = 8 << 20
AROUND = 2 << 20  # bytes that may be mapped with one page, those before it too: the largest folio of the page cache
ROOM = 4 * CHUNK  # bytes that the hits of one pass over a chunk may need
# The vectorised prefilter sorts literals into 8 buckets: several passes with few literals each are faster than one with
# many (113 literals: 1.7 GB/s in groups of 24, 1.1 in groups of 60, 0.1 in one of more than 64). Groups are even: a
# remnant of one or two literals gets another, slower search.
LITERALS = 24
DECOYS = (b"DEBUG: ",)  # common words that hold an anchor: matched first, so that the anchor in them costs nothing


Hit = tuple[int, tuple[str, ...]]  # offset of an anchor, kinds that own it


class Scanner:
    """Aho-Corasick automata over the anchors of all kinds."""

    def __init__(self, anchors: Iterable[tuple[bytes, str]]) -> None:
        from ahocorasick_rs import BytesAhoCorasick, MatchKind

        owners: dict[bytes, tuple[str, ...]] = {}
        for anchor, kind in anchors:
            owners[anchor] = (*owners.get(anchor, ()), kind)
        literals = sorted(owners, reverse=True)  # of literals that begin alike the longest is tried first
        # A decoy hides an anchor only from the automaton that knows both.
        size = ceil(len(literals) / ceil(len(literals) / LITERALS)) if literals else 1
        groups = [[*DECOYS, *literals[at : at + size]] for at in range(0, len(literals), size)]
        owners |= dict.fromkeys(DECOYS, ())
        # LeftmostFirst is the match kind with the prefilter: four times as fast as the standard one.
        self.matchers: list[tuple[Any, list[tuple[str, ...]]]] = [
            (BytesAhoCorasick(group, matchkind=MatchKind.LeftmostFirst), [owners[a] for a in group]) for group in groups
        ]

    def hits(self, data: Buffer, start: int = 0, end: int | None = None, chunk: int = CHUNK) -> Iterator[Hit]:
        """Every anchor from a line's begin to a line's end, in order; chunk by chunk, so that memory stays flat."""
        view, at, end = memoryview(data), start, len(data) if end is None else end  # type: ignore[arg-type]
        while at < end:
            stop = chunk_end(data, at, min(at + chunk, end))
            found: list[tuple[int, int, tuple[str, ...]]] = []
            for matcher, owners in self.matchers:
                bytes(ROOM)  # a MemoryError here, where Python can tell of it: the matcher would abort
                found += [
                    (at + start, start - end, owners[which])
                    for which, start, end in matcher.find_matches_as_indexes(view[at:stop])
                    if owners[which]
                ]
            if len(self.matchers) > 1:
                found.sort()  # at the same place the longest literal first: it says most about the line
            for offset, _, kinds in found:
                yield offset, kinds
            release(data, at, stop)
            at = stop


def chunk_end(data: Buffer, at: int, most: int) -> int:
    """End of the chunk that begins at `at`, at `most`: behind a line end where there is one."""
    return most if most == len(data) else data.rfind(b"\n", at, most) + 1 or most


def release(data: Buffer, start: int, stop: int) -> None:
    """Give the pages of a scanned chunk of a mapped file back: resident memory does not follow the file's size."""
    if isinstance(data, mmap.mmap):
        start = max(0, start - AROUND)
        first = start - start % mmap.PAGESIZE
        data.madvise(mmap.MADV_DONTNEED, first, stop - first)
