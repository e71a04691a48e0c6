"""ZONE_DEVICE: persistent memory, device-private and peer-to-peer pages, which a dev_pagemap owns."""

from __future__ import annotations

from triage.vmcore.finding import Finding
from triage.vmcore.iomem import resource_names
from triage.vmcore.page import Page

ORDER = 20


def inspect(page: Page) -> Finding | None:
    """`zone-device` with the pagemap's type (`enum memory_type`) and the I/O resource."""
    where = page.node_and_zone
    if where is None or where[1] != "Device":
        return None
    # 82ba975e4c43 (6.14) moved pgmap from struct page to struct folio
    owner = page.head.struct if page.head.struct.type_.type.has_member("pgmap") else page.overlay("struct folio *")
    detail = {"pagemap": owner.pgmap.type.format_(type_name=False)}
    names = resource_names(page.core, page.physical)
    if names:
        detail["resource"] = names[-1]
    return Finding(type="zone-device", why="the page lies in ZONE_DEVICE", detail=detail)
