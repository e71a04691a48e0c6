"""Symbols of loaded modules, read from a module only when an address in it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from drgn import Object, Program, Symbol, SymbolIndex
from drgn.helpers.linux.kallsyms import module_kallsyms
from drgn.helpers.linux.module import for_each_module, module_address_regions


class ModuleSymbols:
    """A symbol finder in drgn's sense: names addresses in modules. Reading all modules of a host takes seconds."""

    def __init__(self, prog: Program) -> None:
        self.prog = prog
        self._indexes: dict[int, SymbolIndex] = {}

    @cached_property
    def _modules(self) -> list[tuple[int, int, Object]]:
        found = []
        for module in for_each_module(self.prog):
            for start, size in module_address_regions(module):
                found.append((start, start + size, module))
        return found

    def module(self, address: int) -> Object | None:
        """The `struct module *` whose memory holds `address`."""
        return next((module for start, end, module in self._modules if start <= address < end), None)

    def name(self, address: int) -> str | None:
        """The name of the module whose memory holds `address`."""
        module = self.module(address)
        return None if module is None else str(module.name.string_().decode("utf-8", "replace"))

    def __call__(self, prog: Program, name: str | None, address: int | None, one: bool) -> Sequence[Symbol]:
        if address is None:
            return []
        module = self.module(address)
        if module is None:
            return []
        key = module.value_()
        if key not in self._indexes:
            self._indexes[key] = SymbolIndex(module_kallsyms(module))
        found: Sequence[Symbol] = self._indexes[key](prog, name, address, one)
        return found
