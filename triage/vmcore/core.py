"""An opened core: the drgn program and the few facts about it that every inspector needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from drgn import FaultError, Object, Program

if TYPE_CHECKING:
    from triage.vmcore.recorder import Recorder

T = TypeVar("T")

# what reading a damaged, foreign or partial core raises inside drgn and its helpers: all sorts, plain Exception
# ("could not find variable in direct mapping"), RecursionError and MemoryError (a cycle, a huge length) among them
DAMAGE = (Exception,)

EXCLUDED = "excluded by makedumpfile"
_MAX_FAILED = 4096


@dataclass(slots=True)
class KernelLog:
    """What the log of the core names; `labels` are memory_failure()'s page-type labels."""

    text: str | None = None
    pfns: list[int] = field(default_factory=list)
    addresses: list[int] = field(default_factory=list)  # physical, of error records
    labels: dict[int, str] = field(default_factory=dict)


class Core:
    """One opened kernel core."""

    def __init__(self, path: str, format_: str, prog: Program, info: dict[str, str]) -> None:
        self.path, self.format, self.prog, self.info = path, format_, prog, info
        self.types = "vmcoreinfo"
        self.notes: list[str] = []
        self.log = KernelLog()
        self.lines: set[int] = set()  # physical addresses known exactly: error records, the faulting access
        self.module_of: Callable[[int], str | None] = lambda address: None
        self.excluded: frozenset[int] = frozenset()  # of a minicore: PFNs its source had left out
        # for a minicore: what remembers the reads, a context in which they are not remembered, and functions that give
        # (virtual address, content) of sections that it holds in a reduced form
        self.holes = False  # whether a list was found broken
        self.failed: dict[tuple[int, bool], None] = {}  # addresses whose reading failed, and whether they are physical
        self.unwound: set[int] = set()  # where the frames of all stacks stand
        self.recorder: Recorder | None = None
        self.unrecorded: Callable[[], AbstractContextManager[None]] = nullcontext
        self.reductions: list[Callable[[], list[tuple[int, bytes]]]] = []

    @property
    def typed(self) -> bool:
        """Whether the types of the kernel are known."""
        return self.types != "vmcoreinfo"

    @cached_property
    def page_size(self) -> int:
        """Bytes of a page of this kernel."""
        return int(self.info.get("PAGESIZE", "4096"))

    @cached_property
    def page_shift(self) -> int:
        """log2 of the page size: 12, 14 or 16."""
        return self.page_size.bit_length() - 1

    @cached_property
    def arch(self) -> str:
        """x86_64, arm64, ... in the words of the JSON contract."""
        assert self.prog.platform is not None
        name: str = self.prog.platform.arch.name
        return {"AARCH64": "arm64"}.get(name, name.lower())

    def number(self, name: str) -> int | None:
        """NUMBER(name) of VMCOREINFO."""
        value = self.info.get(f"NUMBER({name})")
        return None if value is None else int(value, 0)

    def variable(self, name: str) -> Object | None:
        """A global variable, None where this kernel has none of that name."""
        try:
            return self.prog.variable(name)
        except LookupError:
            return None

    def constant(self, name: str) -> int | None:
        """The value of an enumerator, None where this kernel has none of that name."""
        try:
            return int(self.prog.constant(name))
        except LookupError:
            return None

    def symbol(self, address: int) -> tuple[str, int, int] | None:
        """Name of the symbol that holds `address`, the offset in it and its size."""
        try:
            found = self.prog.symbol(address)
        except LookupError:
            return None
        return found.name, address - found.address, found.size

    def symbol_address(self, name: str) -> int | None:
        """Address of a symbol by name."""
        try:
            return int(self.prog.symbol(name).address)
        except LookupError:
            return None

    @cached_property
    def linear_base(self) -> int:
        """Virtual address at which physical address 0 would lie in the kernel's linear map (may be negative)."""
        from drgn.helpers.linux.mm import pfn_to_virt

        try:
            return int(pfn_to_virt(self.prog, 0).value_())
        except FaultError:  # memstart_addr lies on a page that is not in the dump; VMCOREINFO of arm64 repeats it
            start, bits = self.number("PHYS_OFFSET"), self.number("VA_BITS")
            if start is None or bits is None:
                raise
            return (1 << 64) - (1 << bits) - start

    def virtual(self, physical: int) -> int:
        """The linear-map address of a physical address."""
        return (self.linear_base + physical) & 0xFFFFFFFFFFFFFFFF

    def attempt(self, what: str, step: Callable[[], T], default: T) -> T:
        """Run one step; a failure is noted with its reason and `default` stands for the value."""
        try:
            return step()
        except DAMAGE as error:
            self.skipped(error)
            self.note(f"{what}: {reason(error)}")
            return default

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Note the failure of a block instead of raising it."""
        try:
            yield
        except DAMAGE as error:
            self.skipped(error)
            self.note(f"{what}: {reason(error)}")

    @contextmanager
    def skipping(self) -> Iterator[None]:
        """Pass over a block that fails: what it would have told is one of many."""
        try:
            yield
        except DAMAGE as error:
            self.skipped(error)

    def skipped(self, error: BaseException, physical: bool = False) -> None:
        """Remember what could not be read, if that is why a step failed (`unread.py`)."""
        if isinstance(error, FaultError) and len(self.failed) < _MAX_FAILED:
            # where drgn walked the page tables itself it names the physical address
            walked = "physical memory" in str(error) and error.address >> 63 == 0
            self.failed[error.address, physical or walked] = None

    def note(self, text: str) -> None:
        """Record, once, what failed or is missing."""
        if text not in self.notes:
            self.notes.append(text)

    def missing(self, pfn: int) -> str | None:
        """Why the content of a page is not in this file; None if it is there."""
        try:
            with self.unrecorded():
                self.prog.read(pfn << self.page_shift, 1, physical=True)
        except FaultError:
            if self.format == "minicore" and pfn not in self.excluded:
                return "not in this minicore"
            return EXCLUDED if self.format != "elf" else "not in this core"
        return None


# what libkdumpfile and drgn say of a page whose place in the file is behind its end, or holds something else
_CUT = re.compile(
    r"(?:from kdump: .{0,200}(?:Wrong page size|Decompres{1,3}ion failed).{0,200}|short read from memory file)"
    r": (0x\w+)$"
)


def reason(error: BaseException) -> str:
    """An exception in one line, without the line breaks and lists that drgn's messages carry."""
    text = re.sub(r"\s+", " ", str(error.args[0] if isinstance(error, KeyError) and error.args else error)).strip()
    if isinstance(error, KeyError) and text and " " not in text:  # a key of VMCOREINFO
        text += " is missing"
    if cut := _CUT.search(text):
        return f"memory at {cut[1]} is cut off or damaged in the file"
    return text[:300] or type(error).__name__
