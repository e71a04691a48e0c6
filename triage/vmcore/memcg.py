"""The memory cgroup a page is charged to."""

from __future__ import annotations

from drgn import Object
from drgn.helpers.linux.cgroup import cgroup_path

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
        group = Object(page.core.prog, "struct obj_cgroup *", value=word & ~7).memcg.read_()
    else:
        group = Object(page.core.prog, "struct mem_cgroup *", value=word & ~7)
    return str(cgroup_path(group.css.cgroup).decode("utf-8", "replace")) or None
