"""Page cache and tmpfs: the mapping word points at the file's address_space."""

from __future__ import annotations

from drgn import FaultError, Object

from triage.vmcore.finding import Finding
from triage.vmcore.objects import describe_inode
from triage.vmcore.page import Page

ORDER = 61


def inspect(page: Page) -> Finding | None:
    """`page-cache` with inode, path and filesystem."""
    if page.type_name is not None or page.mapping == 0 or page.mapping & 3:
        return None
    mapping = Object(page.core.prog, "struct address_space *", value=page.mapping)
    host = mapping.host.read_()
    try:
        real = bool(host) and int(host.i_mapping) == page.mapping
    except FaultError as error:
        page.core.skipped(error)
        real = bool(page.core.symbol(int(mapping.a_ops)))  # the inode is not in the dump
    if not real:
        return None  # private data of a driver
    finding = Finding(type="page-cache", why=f"its mapping {page.mapping:#x} is a file's")
    with page.core.noting(f"file of page {page.pfn:#x}"):
        finding.detail |= describe_inode(host)
        finding.detail["filesystem"] = host.i_sb.s_type.name.string_().decode("utf-8", "replace")
    operations = page.core.symbol(int(mapping.a_ops))
    if operations is not None:
        finding.detail["operations"] = operations[0]
    return finding
