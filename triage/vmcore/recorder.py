"""Remembers which pages of a core an analysis reads, so that they can be written as a minicore.

All reads of a recording program go through Python: virtual addresses are translated by the core's own page tables,
whose pages are thereby recorded too, and every physical read marks its pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from drgn import FaultError, Program

from triage.vmcore import pagetables
from triage.vmcore.core import DAMAGE, Core

_PAGE = 4096  # of the file, whatever the kernel's is
_END = (1 << 64) - 1


class Recorder:
    """Stands between a program and its core; `pages` are what was read (of 4 KiB), `missing` what was not there."""

    def __init__(self, core: Core) -> None:
        self.source = Program()
        self.source.set_enabled_debug_info_finders([])
        self.source.set_core_dump(core.path)
        self.pages: set[int] = set()
        self.missing: set[int] = set()
        self._on = True
        self._core = core
        self._translated: dict[bool, dict[int, int]] = {True: {}, False: {}}
        core.prog.add_memory_segment(0, _END, self._physical, True)
        core.prog.add_memory_segment(0, _END, self._virtual, False)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Reads inside are not remembered: scans that would drag in memory that proves nothing."""
        before, self._on = self._on, False
        try:
            yield
        finally:
            self._on = before

    def _physical(self, address: int, count: int, offset: int, physical: bool) -> bytes:
        try:
            data = self.source.read(address, count, True)
        except FaultError:
            self.missing.update(range(address // _PAGE, (address + count - 1) // _PAGE + 1))
            raise
        if self._on:
            self.pages.update(range(address // _PAGE, (address + count - 1) // _PAGE + 1))
        return bytes(data)

    def _virtual(self, address: int, count: int, offset: int, physical: bool) -> bytes:
        size, pieces = self._core.page_size, []
        while count:
            step = min(count, size - address % size)
            try:
                pieces.append(self._physical(self.translate(address), step, 0, True))
            except FaultError as error:
                raise FaultError(error.args[0], address) from error
            address, count = address + step, count - step
        return b"".join(pieces)

    def translate(self, address: int) -> int:
        """The physical address of a kernel virtual address; FaultError if it is not mapped."""
        page = address - address % self._core.page_size
        known = self._translated[self._on]  # a translation made while paused has not recorded its tables
        if page not in known:
            known[page] = self._walk(page)
        return known[page] + address - page

    def _walk(self, address: int) -> int:
        root = pagetables.kernel_root(self._core)
        try:
            found = None if root is None else pagetables.walk(self._core, root, address)
        except FaultError:
            raise
        except DAMAGE as error:
            raise FaultError(f"could not translate: {error}", address) from error
        if found is None:
            raise FaultError("address is not mapped", address)
        return found
