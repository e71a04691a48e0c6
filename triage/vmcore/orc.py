"""The kernel's ORC unwind tables (x86-64), reduced for a minicore to the code that its stacks run through.

.orc_unwind_ip  s32[n], each counted from its own place, sorted by address (scripts/sorttable.c)
.orc_unwind     n entries of 6 bytes: how to find the caller's frame from that address on
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

from triage.vmcore.core import Core

_ENTRY = 6
_MOST = 1 << 24  # entries; a distribution's kernel has about 700,000


def reduced(core: Core, addresses: Iterable[int]) -> list[tuple[int, bytes]]:
    """Address and content of both tables with only the entries for `addresses` and the ones behind them left.

    The others keep their order, four bytes apart, which makes the distances all alike; they describe nothing.
    """
    bounds = [core.symbol_address(f"__{end}_orc_unwind{part}") for part in ("_ip", "") for end in ("start", "stop")]
    start, stop, entries, _ = bounds
    if start is None or stop is None or entries is None:
        return []
    count = (stop - start) // 4
    if not 0 < count <= _MOST:
        return []
    distances = list(struct.unpack(f"<{count}i", core.prog.read(start, 4 * count)))
    places = [start + 4 * at + distance for at, distance in enumerate(distances)]
    keep = {0, count - 1}
    for address in addresses:
        at = bisect_right(places, address) - 1
        keep |= {max(at, 0), min(at + 1, count - 1)}
    kept = sorted(keep)
    table, entry = bytearray(_ENTRY * count), core.prog.read(entries, _ENTRY * count)
    for at in kept:
        table[_ENTRY * at : _ENTRY * (at + 1)] = entry[_ENTRY * at : _ENTRY * (at + 1)]
    for first, last in pairwise(kept):
        if places[first] + 4 * (last - first) <= places[last]:
            distances[first:last] = [distances[first]] * (last - first)
    return [(start, struct.pack(f"<{count}i", *distances)), (entries, bytes(table))]
