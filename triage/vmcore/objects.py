"""What the objects of a slab are: a dentry's path, an inode's number and superblock, a task's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from drgn import Object, TypeKind, cast, container_of
from drgn.helpers.linux.fs import d_path, inode_path
from drgn.helpers.linux.slab import slab_object_info

from triage.vmcore.core import DAMAGE, Core

_LIMIT = 512  # objects listed of one page
_STATES = (8, 32)  # so many are worth the walk over the free lists that tells their state: plain ones, described ones


def describe(core: Core, slab: Object, cache: Object, addresses: Sequence[int]) -> list[dict[str, Any]]:
    """One entry per object: `address`, `state` (allocated, free, unknown) and what its cache lets us read of it."""
    name = cache.name.string_().decode("utf-8", "replace")
    reader = _reader(name)
    found: list[dict[str, Any]] = []
    for address in addresses[:_LIMIT]:
        entry: dict[str, Any] = {"address": address}
        if len(addresses) <= _STATES[reader is not None]:
            entry["state"] = _state(core, address)
        try:
            entry |= reader(core, address, int(cache.object_size)) if reader else {}
        except DAMAGE as error:
            core.skipped(error)
            entry["state"] = "unreadable"
        found.append(entry)
    return found


def _state(core: Core, address: int) -> str:
    try:
        info = slab_object_info(core.prog, address)
    except DAMAGE:
        return "unknown"
    if info is None or info.allocated is None:
        return "unknown"
    return "allocated" if info.allocated else "free"


def _reader(cache: str) -> Callable[[Core, int, int], dict[str, Any]] | None:
    if cache == "dentry":
        return dentry
    if cache == "task_struct":
        return task
    return inode if "inode" in cache else None


def dentry(core: Core, address: int, size: int) -> dict[str, Any]:
    """`path` of a dentry from the root of its mount, and its inode."""
    entry = Object(core.prog, "struct dentry *", value=address)
    found: dict[str, Any] = {"path": path_of(entry)}
    if entry.d_inode:
        found |= {"inode": int(entry.d_inode.i_ino)}
    if entry.d_sb:
        found |= {"superblock": superblock_name(entry.d_sb)}
    return found


def path_of(entry: Object) -> str:
    """The path of a dentry with the mount point of its filesystem in front, where that is mounted."""
    mount = _mount(entry.d_sb.s_mounts)
    return _text(_components(entry) if mount is None else d_path(mount.mnt.address_of_(), entry))


def _mount(mounts: Object) -> Object | None:
    """The first mount of a superblock: a list of `struct mount`s, since 6.18 the first of them itself."""
    if mounts.type_.unaliased_kind() == TypeKind.POINTER:
        return mounts.read_() if mounts else None
    first = mounts.next.read_()
    return None if first == mounts.address_of_() else container_of(first, "struct mount", "mnt_instance")


def _components(entry: Object) -> bytes:
    names: list[bytes] = []
    while entry != entry.d_parent and len(names) < 256:
        names.append(entry.d_name.name.string_())
        entry = entry.d_parent.read_()
    return b"/" + b"/".join(reversed(names))


def superblock_name(superblock: Object) -> str:
    """`tmpfs`, or `ext4 (sda1)` for a filesystem on a device."""
    kind = _text(superblock.s_type.name.string_())
    name = _text(superblock.s_id.string_())
    return kind if name in ("", kind) else f"{kind} ({name})"


def inode(core: Core, address: int, size: int) -> dict[str, Any]:
    """`inode`, `superblock` and `path` of the inode that lies somewhere in an object of a filesystem's inode cache.

    The filesystem's own structure is not known where it is a module; but an inode points at itself: an unshared
    `i_mapping` is its own `i_data`.
    """
    kind = core.prog.type("struct inode")
    mapping, data = kind.member("i_mapping").offset, kind.member("i_data").offset
    raw = core.prog.read(address, size)
    for at in range(0, size - (kind.size or 0) + 1, 8):
        if int.from_bytes(raw[at + mapping : at + mapping + 8], "little") == address + at + data:
            return describe_inode(Object(core.prog, "struct inode *", value=address + at))
    return {}


def describe_inode(node: Object) -> dict[str, Any]:
    """Number, superblock and one path of an inode."""
    found: dict[str, Any] = {"inode": int(node.i_ino), "superblock": superblock_name(node.i_sb)}
    first = node.i_dentry.first.read_()
    if first:
        found["path"] = path_of(container_of(first, "struct dentry", alias_member(node)))
    else:
        path = inode_path(node)
        found |= {"path": _text(path)} if path else {}
    return found


def alias_member(node: Object) -> str:
    """The member of a dentry that links it to its inode: inside a union since 946e51f2bf37 (3.19)."""
    kind = node.prog_.type("struct dentry")
    return "d_u.d_alias" if kind.has_member("d_u") else "d_alias"


def task(core: Core, address: int, size: int) -> dict[str, Any]:
    """`task` of a task_struct: "comm[pid]"."""
    return {"task": task_name(cast("struct task_struct *", Object(core.prog, "void *", value=address)))}


def task_name(found: Object) -> str:
    """`comm[pid]`."""
    return f"{_text(found.comm.string_())}[{int(found.pid)}]"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
