"""Who points at objects whose own content is not in the dump: inodes, dentries and their hash chains.

The walk goes over each superblock's inodes and the dentries of each, so that its cost grows with the files in use and
not with memory; it ends after a number of them, with what was found until then.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from drgn import Object, Type, offsetof

from triage.vmcore import lists, objects
from triage.vmcore.core import DAMAGE, Core

_VISITS = 40_000  # inodes and dentries looked at: about a second
_LIMIT = 256  # pointers named
_CHAIN = 1000  # dentries of one hash chain
_HASH_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Pointer:
    """`what`'s `member` holds the address of `target` or of a part of it; `tells`: what that says of the target."""

    what: str
    member: str
    target: int
    tells: dict[str, Any] = field(default_factory=dict)


def to_objects(core: Core, targets: Sequence[int], size: int) -> list[Pointer]:
    """Pointers into objects of `size` bytes at the addresses `targets` (sorted)."""
    found: list[Pointer] = []
    if not targets:
        return found
    with core.noting("search for pointers"):
        search = _Search(core, targets, size)
        found += islice(search.pointers(), _LIMIT)
        if len(search.seen) >= _VISITS:
            core.note(f"the search for pointers at {targets[0]:#x} ended after {_VISITS} inodes and dentries")
    return found


class _Search:
    def __init__(self, core: Core, targets: Sequence[int], size: int) -> None:
        self.core, self.targets, self.size = core, targets, size
        self.start, self.end = targets[0], targets[-1] + size
        # the upper bytes that every pointer into the objects has: most structures are dismissed by them
        self.high = [block.to_bytes(6, "little") for block in range(self.start >> 16, (self.end >> 16) + 1)]
        self.seen: set[int] = set()
        self.inode, self.dentry = core.prog.type("struct inode"), core.prog.type("struct dentry")
        self.aliases = int(offsetof(self.inode, "i_dentry"))
        self.alias = int(offsetof(self.dentry, objects.alias_member(core.prog["init_task"])))

    def pointers(self) -> Iterator[Pointer]:
        """All pointers: of inodes, of the dentries that inodes and hash chains lead to, and of hash buckets."""
        for inode in self._inodes():
            if len(self.seen) >= _VISITS:
                return
            yield from self._of_inode(inode)
            for dentry in self._dentries(inode):
                yield from self._of_dentry(dentry)
        for bucket, dentry in self._hash_heads():
            if len(self.seen) >= _VISITS:
                return
            target = self._target(dentry)
            if target is not None:
                yield Pointer("dentry hash bucket", f"{bucket:#x}", target)
            yield from self._of_chain(dentry)

    def _target(self, value: int) -> int | None:
        at = bisect_right(self.targets, value) - 1
        return self.targets[at] if at >= 0 and value < self.targets[at] + self.size else None

    def _hits(self, kind: Type, address: int) -> list[tuple[str, int]]:
        """(member, object) of each word of a structure that points into the objects, itself excepted."""
        size = (kind.size or 0) // 8
        try:
            raw = self.core.prog.read(address, 8 * size)
        except DAMAGE as error:
            self.core.skipped(error)
            return []
        if not any(high in raw for high in self.high):
            return []
        words = struct.unpack(f"<{size}Q", raw)
        start, end = self.start, self.end
        near = [(8 * at, value) for at, value in enumerate(words) if start <= value < end]
        named = [(member_at(kind, offset), self._target(value)) for offset, value in near]
        return [(member, target) for member, target in named if target is not None]

    def _of_inode(self, address: int) -> Iterator[Pointer]:
        if address in self.seen:
            return
        self.seen.add(address)
        own = self._target(address)
        for member, target in self._hits(self.inode, address):
            if target == own:
                continue
            node = Object(self.core.prog, "struct inode *", value=address)
            number, name = int(node.i_ino), objects.superblock_name(node.i_sb)
            tells = {"inode": number, "superblock": name} if member == "i_dentry" else {}
            yield Pointer(f"inode {number} of {name}", member, target, tells)

    def _of_dentry(self, address: int) -> Iterator[Pointer]:
        if address in self.seen or self.start <= address < self.end:
            return
        self.seen.add(address)
        for member, target in self._hits(self.dentry, address):
            entry = Object(self.core.prog, "struct dentry *", value=address)
            tells: dict[str, Any] = {}
            with suppress(*DAMAGE):
                name = f"dentry {objects.path_of(entry)}"
                if member in ("d_sib", "d_child"):
                    tells = {"directory": objects.path_of(entry.d_parent)}
                elif member in ("d_children", "d_subdirs"):
                    tells = {"directory": name.removeprefix("dentry ")}
                elif member == "d_inode":
                    tells = {"path": name.removeprefix("dentry ")}
                yield Pointer(name, member, target, tells)
                continue
            yield Pointer(f"dentry at {address:#x}", member, target)

    def _inodes(self) -> Iterator[int]:
        """All inodes in use: super_blocks -> s_inodes."""
        superblock, link = self.core.prog.type("struct super_block"), int(offsetof(self.inode, "i_sb_list"))
        inodes = int(offsetof(superblock, "s_inodes")) - int(offsetof(superblock, "s_list"))
        for node in lists.links(self.core, int(self.core.prog["super_blocks"].address_of_())):
            yield from (inode - link for inode in lists.links(self.core, node + inodes))

    def _dentries(self, inode: int) -> list[int]:
        found: list[int] = []
        with self.core.skipping():
            node = self.core.prog.read_u64(inode + self.aliases)
            while node and len(found) < 1024:
                found.append(node - self.alias)
                node = self.core.prog.read_u64(node)
        return found

    def _hash_heads(self) -> Iterator[tuple[int, int]]:
        """Buckets of dentry_hashtable (fs/dcache.c) that are in use, with the address of their first dentry."""
        table, shift = self.core.variable("dentry_hashtable"), self.core.variable("d_hash_shift")
        if table is None or shift is None or not 0 < 8 << (32 - int(shift)) <= _HASH_BYTES:
            return
        offset = int(offsetof(self.dentry, "d_hash"))
        raw = memoryview(self.core.prog.read(int(table.read_()), 8 << (32 - int(shift)))).cast("Q")
        yield from ((bucket, (head & ~1) - offset) for bucket, head in enumerate(raw) if head > 1)

    def _of_chain(self, dentry: int) -> Iterator[Pointer]:
        """Of the dentries of one hash chain and their inodes: the way there where lists of inodes are broken."""
        link, inode = int(offsetof(self.dentry, "d_hash")), int(offsetof(self.dentry, "d_inode"))
        in_superblock = int(offsetof(self.inode, "i_sb_list"))
        try:
            for _ in range(_CHAIN):
                yield from self._of_dentry(dentry)
                node = self.core.prog.read_u64(dentry + inode)
                if node and node not in self.seen:
                    yield from self._of_inode(node)
                    for neighbour in lists.links(self.core, node + in_superblock):
                        yield from self._of_inode(neighbour - in_superblock)
                following = self.core.prog.read_u64(dentry + link)
                if not following:
                    break
                dentry = following - link
        except DAMAGE as error:
            self.core.skipped(error)


def member_at(kind: Type, offset: int) -> str:
    """The name of the member at a byte offset, inside anonymous unions too (the first that fits)."""
    for member in kind.members or ():
        size = member.type.size if member.type.is_complete() and hasattr(member.type, "size") else None
        if member.offset <= offset < member.offset + (size or 1):
            return member.name or member_at(member.type, offset - member.offset)
    return f"+{offset:#x}"
