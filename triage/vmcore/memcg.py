"""The memory cgroup a page, or an object of a slab, is charged to."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.cgroup import cgroup_path

from triage.vmcore.core import Core
from triage.vmcore.page import Page

# enum page_memcg_data_flags (include/linux/memcontrol.h): a vector of objects, or a kernel page's obj_cgroup
_OBJECTS, _KMEM = 1, 2


def memcg_name(page: Page) -> str | None:
    """Path of the memory cgroup ("/system.slice/x.service"); None if uncharged, and for slabs: there objects are."""
    head = page.head.struct
    if not head.type_.type.has_member("memcg_data"):  # 5.11 brought the word, CONFIG_MEMCG=n takes it away
        return None
    word = int(head.memcg_data)
    if word == 0 or word & _OBJECTS or page.type_name == "slab":
        return None
    if word & _KMEM:
        return _owner_of(page.core, word & ~7)
    return _path(Object(page.core.prog, "struct mem_cgroup *", value=word & ~7))


def object_memcg(core: Core, slab: Object, cache: Object, number: int) -> str | None:
    """The same of one object of a slab: its place in the vector of `struct obj_cgroup *`, since 21c690a349ba (6.10) of
    `struct slabobj_ext`, which may lie inside the objects themselves (7.0)."""
    kind = slab.type_.type
    word = next((int(slab.member_(name)) for name in ("obj_exts", "memcg_data") if kind.has_member(name)), 0)
    if word & ~7 == 0 or (kind.has_member("memcg_data") and not word & _OBJECTS):
        return None
    step = core.prog.type("struct slabobj_ext").size if kind.has_member("obj_exts") else 8
    if kind.has_member("stride"):
        step = int(slab.stride)
    elif kind.has_member("obj_exts_in_object") and slab.obj_exts_in_object:
        step = int(cache.size)
    return _owner_of(core, core.prog.read_u64((word & ~7) + number * (step or 8)) & ~7)


def _owner_of(core: Core, group: int) -> str | None:
    """The path of the memory cgroup behind a `struct obj_cgroup *`; what belongs to the root has none."""
    return _path(Object(core.prog, "struct obj_cgroup *", value=group).memcg.read_()) if group else None


def _path(group: Object) -> str | None:
    return str(cgroup_path(group.css.cgroup).decode("utf-8", "replace")) or None
