"""/proc/iomem out of the core: which named resources hold a physical address."""

from __future__ import annotations

from triage.vmcore.core import Core

_DEPTH = 16


def resource_names(core: Core, physical: int) -> list[str]:
    """Names of `struct resource`s (kernel/resource.c), the outermost first: ["System RAM", "Kernel code"]."""
    root = core.variable("iomem_resource")
    names: list[str] = []
    child = None if root is None else root.child.read_()
    while child and len(names) < _DEPTH:
        if int(child.start) <= physical <= int(child.end):
            if child.name:
                names.append(child.name.string_().decode("utf-8", "replace"))
            child = child.child.read_()
        else:
            child = child.sibling.read_()
    return names
