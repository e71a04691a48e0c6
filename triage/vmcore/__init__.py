"""Core -> facts: what a vmcore knows of a crash and of poisoned pages, read by a child process with limits.

Importing this loads neither drgn nor capstone: only the child does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from triage.model import CoreFacts

__all__ = ["inspect", "is_core"]

_MEMORY = 4 << 30  # bytes a child may allocate: debug info of a kernel takes 0.3 GB, struct pages are read in pieces


def is_core(path: str) -> bool:
    """Whether a file is a core by its first bytes: ELF core, kdump-compressed (KDUMP, DISKDUMP) or flattened."""
    from triage.vmcore import detect

    return detect.magic(path) is not None


def inspect(
    path: str,
    *,
    pfns: Iterable[int] = (),
    addresses: Iterable[int] = (),
    vmlinux: str | None = None,
    debug_dirs: Sequence[str] = (),
    minicore: str | None = None,
    debuginfod: bool = False,
    timeout: float = 60,
    memory: int = _MEMORY,
) -> CoreFacts:
    """Everything the inspectors recover from one vmcore.

    `pfns` and `addresses` (kernel virtual, or physical) are looked at besides the pages that are poisoned or named in
    the core's log. Types come from `vmlinux`, else from a file of the same build under `debug_dirs` or the system's,
    else from the core. The servers in DEBUGINFOD_URLS are asked where none of these has types, or if `debuginfod` says
    so. `minicore` names a file to write (`minicore.py`). `timeout` in seconds, `memory` in bytes.

    CoreError if the file is no kernel core that can be read, LimitError if nothing was known when time was up; anything
    less is told in `notes`.
    """
    from triage.vmcore import parent, wire

    request = wire.Request(
        path=path,
        pfns=tuple(pfns),
        addresses=tuple(addresses),
        vmlinux=vmlinux,
        debug_dirs=tuple(debug_dirs),
        minicore=minicore,
        debuginfod=debuginfod,
    )
    return parent.run(request, timeout, memory)
