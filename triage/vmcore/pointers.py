"""Who points at a page whose own content is not in the dump: inodes, dentries and their hash chains.

The walk goes over each superblock's inodes and the dentries of each, so that its cost grows with the files in use and
not with memory; it ends after a time, with what was found until then.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence

from drgn import Object, offsetof
from drgn.helpers.linux.list import list_for_each_entry

from triage.vmcore import objects
from triage.vmcore.core import DAMAGE, Core

_SECONDS = 1.0
_LIMIT = 24  # referrers named
_INODES = 1_000_000


def to_range(core: Core, start: int, end: int, targets: Sequence[int]) -> list[str]:
    """Sentences that name the inodes and dentries with a pointer into [start, end); `targets` are the objects there."""
    deadline = time.monotonic() + _SECONDS
    found: list[str] = []
    with core.noting("search for pointers"):
        for what, member, value in _pointers(core, start, end):
            target = max((t for t in targets if t <= value), default=start)
            found.append(f"{what} {member} points at {target:#x}")
            if len(found) >= _LIMIT or time.monotonic() > deadline:
                core.note(f"search for pointers into {start:#x} ended early")
                break
    return found


def _pointers(core: Core, start: int, end: int) -> Iterator[tuple[str, str, int]]:
    words = _Words(core, "struct dentry", start, end)
    nodes = _Words(core, "struct inode", start, end)
    seen: set[int] = set()
    for inode, dentries in _inodes(core):
        for member, value in nodes.hits(inode):
            yield _inode_name(core, inode), member, value
        for dentry in dentries:
            if dentry not in seen and not start <= dentry < end:
                seen.add(dentry)
                for member, value in words.hits(dentry):
                    yield _dentry_name(core, dentry), member, value
    yield from _hash_heads(core, start, end)


class _Words:
    """Reads whole structures and picks the words that point into a range."""

    def __init__(self, core: Core, kind: str, start: int, end: int) -> None:
        self.core, self.start, self.end = core, start, end
        self.type = core.prog.type(kind)
        self.size = (self.type.size or 0) // 8 * 8
        self.unpack = struct.Struct(f"<{self.size // 8}Q").unpack

    def hits(self, address: int) -> list[tuple[str, int]]:
        try:
            words = self.unpack(self.core.prog.read(address, self.size))
        except DAMAGE:
            return []
        start, end = self.start, self.end
        return [(self._member(8 * at), value) for at, value in enumerate(words) if start <= value < end]

    def _member(self, offset: int) -> str:
        members = [m for m in self.type.members or () if m.offset <= offset and m.name]
        return max(members, key=lambda m: m.offset).name or "" if members else ""


def _inodes(core: Core) -> Iterator[tuple[int, list[int]]]:
    """Addresses of all inodes in use with those of their dentries: super_blocks -> s_inodes -> i_dentry, and the roots'
    children. A list that leads into a missing page is walked from its other end too."""
    prog = core.prog
    link, alias_head = _offset(core, "struct inode", "i_sb_list"), _offset(core, "struct inode", "i_dentry")
    alias = _offset(core, "struct dentry", objects.alias_member(prog["init_task"]))
    for superblock in list_for_each_entry("struct super_block", prog["super_blocks"].address_of_(), "s_list"):
        head = int(superblock.s_inodes.address_of_())
        seen: set[int] = set()
        for step in (0, 8):  # next, then prev
            for node in _chain(core, head, step):
                inode = node - link
                if inode in seen:
                    break
                seen.add(inode)
                yield inode, [entry - alias for entry in _aliases(core, inode + alias_head)]


def _chain(core: Core, head: int, step: int) -> Iterator[int]:
    node = head
    for _ in range(_INODES):
        try:
            node = core.prog.read_u64(node + step)
        except DAMAGE:
            return
        if node == head:
            return
        yield node


def _aliases(core: Core, head: int) -> list[int]:
    """The hlist of an inode's dentries."""
    found: list[int] = []
    try:
        node = core.prog.read_u64(head)
        while node and len(found) < 1024:
            found.append(node)
            node = core.prog.read_u64(node)
    except DAMAGE:
        pass
    return found


def _hash_heads(core: Core, start: int, end: int) -> Iterator[tuple[str, str, int]]:
    """Buckets of the dentry hash table whose chain begins in the range."""
    table, shift = core.variable("dentry_hashtable"), core.variable("d_hash_shift")
    if table is None or shift is None:
        return
    base, size = int(table.read_()), 8 << (32 - int(shift))
    if size > 64 << 20:
        return
    raw = core.prog.read(base, size)
    pattern = (start >> 16).to_bytes(6, "little")
    at = raw.find(pattern)
    while at >= 0:
        value = int.from_bytes(raw[at - 2 : at + 6], "little") & ~1
        if at % 8 == 2 and start <= value < end:
            yield "dentry hash bucket", f"{at // 8:#x}", value
        at = raw.find(pattern, at + 1)


def _offset(core: Core, kind: str, member: str) -> int:
    return int(offsetof(core.prog.type(kind), member))


def _inode_name(core: Core, address: int) -> str:
    node = Object(core.prog, "struct inode *", value=address)
    try:
        return f"inode {int(node.i_ino)} of {objects.superblock_name(node.i_sb)}"
    except DAMAGE:
        return f"inode at {address:#x}"


def _dentry_name(core: Core, address: int) -> str:
    try:
        return f"dentry {objects.path_of(Object(core.prog, 'struct dentry *', value=address))}"
    except DAMAGE:
        return f"dentry at {address:#x}"
