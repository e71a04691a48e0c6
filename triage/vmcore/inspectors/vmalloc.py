"""vmalloc and module memory, named by the function that asked for it or the module that lives there."""

from __future__ import annotations

from triage.vmcore import vmap
from triage.vmcore.finding import Finding
from triage.vmcore.page import Page

ORDER = 46


def inspect(page: Page) -> Finding | None:
    """`vmalloc` with caller, address and size of the area, and the module whose memory it is."""
    if page.type_name is not None or page.mapping or page.refcount < 1:
        return None
    area = vmap.find(page)
    if area is None:
        return None
    detail: dict[str, object] = {"address": area.address, "area": area.start, "size": area.size}
    if area.caller is not None:
        detail["caller"] = area.caller
    with page.core.noting("modules"):
        module = page.core.module_of(area.address)
        if module is not None:
            detail["module"] = module
    where = page.core.symbol(area.address)
    if where is not None:
        detail["symbol"] = where[0]
    return Finding(
        type="vmalloc", why=f"it is in a vmalloc area made by {area.caller or 'an unknown caller'}", detail=detail
    )
