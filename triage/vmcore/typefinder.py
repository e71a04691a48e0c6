"""Types, variables and symbols for drgn out of the core itself: BTF for the types, kallsyms for the addresses."""

from __future__ import annotations

from collections.abc import Callable

from drgn import (
    FaultError,
    FindObjectFlags,
    Object,
    Program,
    Qualifiers,
    Type,
    TypeEnumerator,
    TypeKind,
    TypeKindSet,
    TypeMember,
    TypeParameter,
)
from drgn.helpers.linux.mmzone import for_each_present_section

from triage.vmcore.btf import Btf, Entry, Kind
from triage.vmcore.variables import VARIABLES

_KINDS = {
    TypeKind.INT: (Kind.INT,),
    TypeKind.BOOL: (Kind.INT,),
    TypeKind.FLOAT: (Kind.FLOAT,),
    TypeKind.STRUCT: (Kind.STRUCT,),
    TypeKind.UNION: (Kind.UNION,),
    TypeKind.ENUM: (Kind.ENUM, Kind.ENUM64),
    TypeKind.TYPEDEF: (Kind.TYPEDEF,),
}
_QUALIFIERS = {
    Kind.VOLATILE: Qualifiers.VOLATILE,
    Kind.CONST: Qualifiers.CONST,
    Kind.RESTRICT: Qualifiers.RESTRICT,
}
_SECTION_FLAGS = 0xFFF  # low bits of mem_section.section_mem_map; the address above them is aligned far beyond a page


class TypeFinder:
    """Makes drgn types of BTF types, each once and its members only when they are asked for."""

    def __init__(self, prog: Program, btf: Btf) -> None:
        self.prog, self.btf = prog, btf
        self._types: dict[int, Type] = {}

    def install(self) -> None:
        """Let drgn ask here first for types and objects."""
        self.prog.register_type_finder("triage_btf", self.find_type, enable_index=0)
        self.prog.register_object_finder("triage_btf", self.find_object, enable_index=0)

    def find_type(self, prog: Program, kinds: TypeKindSet, name: str, filename: str | None) -> Type | None:
        """The type `name` of one of `kinds`; a type finder in drgn's sense."""
        for kind in kinds:
            for btf_kind in _KINDS.get(kind, ()):
                number = self.btf.find(btf_kind, name)
                if number is not None and (found := self.type(number)).kind == kind:
                    return found
        return None

    def find_object(self, prog: Program, name: str, flags: FindObjectFlags, filename: str | None) -> Object | None:
        """The enumerator, macro or variable `name`; an object finder in drgn's sense."""
        if flags & FindObjectFlags.CONSTANT and (constant := self._constant(name)) is not None:
            return constant
        if flags & FindObjectFlags.VARIABLE and (variable := self._variable_type(name)) is not None:
            try:
                return Object(prog, variable, address=prog.symbol(name).address)
            except LookupError:
                return None
        return None

    def _constant(self, name: str) -> Object | None:
        if name in _MACROS:
            return _MACROS[name](self.prog)
        number = self.btf.constant(name)
        if number is None:
            return None
        values = dict(self.btf.enumerators(self.btf.entry(number)))
        return Object(self.prog, self.type(number), value=values[name])

    def _variable_type(self, name: str) -> str | Type | None:
        if name in VARIABLES:
            return VARIABLES[name]
        number = self.btf.find(Kind.VAR, name)
        return None if number is None else self.type(self.btf.entry(number).size_or_type)

    def type(self, number: int) -> Type:
        """The drgn type of a BTF type id; id 0 is void."""
        if number == 0:
            return self.prog.void_type()
        found = self._types.get(number)
        if found is None:
            found = self._types[number] = self._make(self.btf.entry(number))
        return found

    def _make(self, entry: Entry) -> Type:
        kind = Kind(entry.kind)
        if kind in _QUALIFIERS:
            inner = self.type(entry.size_or_type)
            return inner.qualified(inner.qualifiers | _QUALIFIERS[kind])
        if kind in (Kind.TYPE_TAG, Kind.FUNC, Kind.VAR):
            return self.type(entry.size_or_type)
        return _MAKERS[kind](self, entry)

    def _int(self, entry: Entry) -> Type:
        encoding = self.btf.word(entry.words) >> 24
        if encoding & 4:
            return self.prog.bool_type(entry.name, entry.size_or_type)
        return self.prog.int_type(entry.name, entry.size_or_type, bool(encoding & 1))

    def _array(self, entry: Entry) -> Type:
        element, length = self.btf.word(entry.words), self.btf.word(entry.words + 2)
        return self.prog.array_type(self.type(element), length or None)

    def _compound(self, entry: Entry) -> Type:
        members = [
            TypeMember(self._member(type_id, bits), name or None, offset)
            for name, type_id, offset, bits in self.btf.members(entry)
        ]
        make = self.prog.struct_type if entry.kind == Kind.STRUCT else self.prog.union_type
        return make(entry.name or None, entry.size_or_type, members)

    def _member(self, type_id: int, bits: int) -> Callable[[], Type | Object]:
        def lazily() -> Type | Object:
            made = self.type(type_id)
            return Object(self.prog, made, bit_field_size=bits) if bits else made

        return lazily

    def _enum(self, entry: Entry) -> Type:
        values = [TypeEnumerator(name, value) for name, value in self.btf.enumerators(entry)]
        if not values:
            return self.prog.enum_type(entry.name or None)
        name = "int" if entry.flag else "unsigned int"
        return self.prog.enum_type(entry.name or None, self.prog.int_type(name, entry.size_or_type, entry.flag), values)

    def _function(self, entry: Entry) -> Type:
        parameters, variadic = [], False
        for at in range(entry.words, entry.words + 2 * entry.vlen, 2):
            name, type_id = self.btf.string(self.btf.word(at)), self.btf.word(at + 1)
            variadic = not name and not type_id
            if not variadic:
                parameters.append(TypeParameter(self._parameter(type_id), name or None))
        return self.prog.function_type(self.type(entry.size_or_type), parameters, variadic)

    def _parameter(self, type_id: int) -> Callable[[], Type]:
        return lambda: self.type(type_id)


def _vmemmap(prog: Program) -> Object | None:
    """The array of struct page. Each section of a SPARSEMEM_VMEMMAP kernel holds its address, encoded as the section's
    part of it less the section's first PFN, which is the array itself (sparse_encode_mem_map() in mm/sparse.c). Where
    the sections are not in the dump x86-64 has it in a variable."""
    try:
        section = next((section for _, section in for_each_present_section(prog)), None)
        value = None if section is None else int(section.section_mem_map) & ~_SECTION_FLAGS
    except FaultError:
        value = None
    if value is None:
        try:
            value = prog.read_u64(prog.symbol("vmemmap_base").address)
        except LookupError:
            return None
    return Object(prog, "struct page *", value=value)


def _page_offset(prog: Program) -> Object | None:
    """Start of the linear map on x86-64; drgn works the others out without it."""
    try:
        return Object(prog, "unsigned long", value=prog.read_u64(prog.symbol("page_offset_base").address))
    except LookupError:
        return None


# macros of the kernel, which drgn otherwise takes from debug info
_MACROS: dict[str, Callable[[Program], Object | None]] = {"vmemmap": _vmemmap, "PAGE_OFFSET": _page_offset}

_MAKERS: dict[Kind, Callable[[TypeFinder, Entry], Type]] = {
    Kind.INT: TypeFinder._int,
    Kind.FLOAT: lambda self, entry: self.prog.float_type(entry.name, entry.size_or_type),
    Kind.PTR: lambda self, entry: self.prog.pointer_type(self.type(entry.size_or_type)),
    Kind.ARRAY: TypeFinder._array,
    Kind.STRUCT: TypeFinder._compound,
    Kind.UNION: TypeFinder._compound,
    Kind.ENUM: TypeFinder._enum,
    Kind.ENUM64: TypeFinder._enum,
    Kind.FWD: lambda self, entry: (self.prog.union_type if entry.flag else self.prog.struct_type)(entry.name or None),
    Kind.TYPEDEF: lambda self, entry: self.prog.typedef_type(entry.name, self.type(entry.size_or_type)),
    Kind.FUNC_PROTO: TypeFinder._function,
}
