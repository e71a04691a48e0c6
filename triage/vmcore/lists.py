"""Kernel lists in cores with holes: walked forwards, and where that ends in a missing page backwards as well."""

from __future__ import annotations

from collections.abc import Iterator

from drgn import Object, container_of

from triage.vmcore.core import DAMAGE, Core

_LIMIT = 4_000_000


def links(core: Core, head: int) -> Iterator[int]:
    """Addresses of the `struct list_head`s linked to the one at `head`, each once."""
    seen = {head, 0}
    for step in (0, 8):  # next, prev
        node = head
        while len(seen) < _LIMIT:
            try:
                node = core.prog.read_u64(node + step)
            except DAMAGE as error:
                core.skipped(error)
                core.holes = True
                core.note("a list leads into missing or overwritten memory; it was walked from both ends")
                break
            if node in seen:
                break
            seen.add(node)
            yield node
        if node == head:
            return


def entries(core: Core, head: Object, kind: str, member: str) -> Iterator[Object]:
    """The structures on a list as pointers: list_for_each_entry(), past holes."""
    for node in links(core, int(head.address_of_())):
        yield container_of(Object(core.prog, "struct list_head *", value=node), kind, member)
