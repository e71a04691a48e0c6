"""ZONE_DEVICE: persistent memory, device-private and peer-to-peer pages, which a dev_pagemap owns."""

from __future__ import annotations

from drgn import FaultError, Object, cast
from drgn.helpers.linux.xarray import xa_load

from triage.vmcore.finding import Finding
from triage.vmcore.iomem import resource_names
from triage.vmcore.objects import describe_inode
from triage.vmcore.page import Page

ORDER = 20
_SHARED = 3  # low bits of the mapping word: shared between files (reflink), anonymous


def inspect(page: Page) -> Finding | None:
    """`zone-device` with the pagemap's type (`enum memory_type`), the I/O resource, and the file that maps it directly.

    The zones' spans do not tell: memory given away by `memmap=` lies inside the span of another zone.
    """
    names = resource_names(page.core, page.physical)
    detail: dict[str, object] = {"resource": names[-1]} if names else {}
    try:
        owner = _owner(page)
    except FaultError:  # the table is not in the dump; what the resource is called is
        if not any(name.startswith("Persistent Memory") for name in names):
            raise
        return Finding(type="zone-device", why=f"it lies in {names[0]}", detail=detail)
    if owner is None:
        return None
    detail["pagemap"] = owner.type.format_(type_name=False)
    with page.core.noting(f"file of page {page.pfn:#x}"):
        if page.mapping and not page.mapping & _SHARED:
            host = Object(page.core.prog, "struct address_space *", value=page.mapping).host.read_()
            if host and int(host.i_mapping) == page.mapping:
                detail |= describe_inode(host)
    return Finding(type="zone-device", why="a dev_pagemap owns the page", detail=detail)


def _owner(page: Page) -> Object | None:
    """The `struct dev_pagemap *` of a page, out of the table that get_dev_pagemap() asks (mm/memremap.c)."""
    table = page.core.variable("pgmap_array")
    if table is None:
        return None
    found = xa_load(table.address_of_(), page.pfn)
    return cast("struct dev_pagemap *", found) if found else None
