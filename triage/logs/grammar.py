"""One kind of record, loaded: lark's LALR tables over whole lines, and the line classifier made of the same grammar.

A terminal of a grammar is one log line without its prefix; its named groups are its fields; the rules are the record.
No pattern stands twice: the classifier is the alternation of the grammar's own terminals. One of negative priority is a
guess, for lines that no other terminal knows. The groups `seq` and `bdf` name the record that a line belongs to; a kind
whose lines name it otherwise has a `key` of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from triage import registry
from triage.logs import tables
from triage.logs.alternation import Alternation
from triage.logs.automaton import Automaton, Edge
from triage.logs.lines import Line

MEMORY = 1024  # bodies that a classifier remembers: what floods a log repeats itself


class LineToken:
    """A classified line."""

    __slots__ = ("end", "fields", "key", "line", "type")

    def __init__(self, type_: str, fields: dict[str, str | None], key: str | None, end: int, line: Line) -> None:
        self.type, self.fields, self.line = type_, fields, line
        self.key = key  # the record that the line itself names: APEI's {n}, or the PCI device that an AER line is about
        self.end = end  # how much of the body the pattern took


Values = dict[str, str | None]
Told = tuple[str, Values, str | None, int]  # terminal, fields, key and end
UNSEEN: Told = ("", {}, None, 0)  # stands for what no line is


def named(values: Values) -> str | None:
    """The record that a line's fields name."""
    return values.get("seq") or values.get("bdf")


class Classifier:
    """All terminals of one grammar as one alternation, higher priority and longer patterns first.

    Bodies are remembered (`memory` of them): a flood of reports repeats its lines. A line that names its record is not.
    """

    def __init__(
        self,
        terminals: dict[str, tuple[int, str]],
        memory: int = MEMORY,
        key: Callable[[Values], str | None] = named,
    ) -> None:
        ordered = sorted(terminals.items(), key=lambda t: (-t[1][0], -len(t[1][1]), t[0]))
        alternation = Alternation([(name, pattern) for name, (_, pattern) in ordered])
        self.types, self.match = alternation.types, re.compile(alternation.text).match
        self.known: dict[str, Told | None] = {}
        self.memory, self.key = memory, key

    def __call__(self, line: Line) -> LineToken | None:
        told = self.known.get(line.body, UNSEEN)
        if told is UNSEEN:
            told = self.look(line.body)
        return LineToken(*told, line) if told else None

    def look(self, body: str) -> Told | None:
        """What a body is that was not seen lately."""
        found = self.match(body)
        told = None
        if found and found.lastindex:
            name, fields, groups = self.types[found.lastindex]
            values = dict(zip(fields, found.group(*groups), strict=False))
            key = self.key(values)
            told = name, values, key, found.end()
            if key is not None:
                return told
        if len(self.known) >= self.memory:
            self.known.clear()
        if self.memory:
            self.known[body] = told
        return told


class Grammar:
    """`grammars/<name>.lark` and `triage/logs/kinds/<name>.py` made ready to parse."""

    def __init__(self, name: str) -> None:
        data = tables.load(name)
        self.name, self.module = name, kinds()[name]
        fields = self.module.Fields()
        self.terminals = {name: (priority, pattern) for name, priority, pattern in data["terminals"]}
        self.begin = Automaton(data, fields).form((0,))
        self.start: Callable[[list[LineToken]], dict[str, Any]] = fields.start
        self.guesses = {name for name, (priority, _) in self.terminals.items() if priority < 0}
        self.gap: int = self.module.GAP
        key = getattr(self.module, "key", named)
        self.classify = Classifier(self.terminals, MEMORY if self.gap else 0, key)
        self.every_caller: bool = getattr(self.module, "EVERY_CALLER", False)
        self.cuts: bool = getattr(fields, "cuts", False)  # a report that ends the one before it
        self.required: tuple[str, ...] = self.module.REQUIRED


@cache
def kinds() -> dict[str, ModuleType]:
    """All kinds of record by name; each module has ANCHORS, GAP, REQUIRED, Fields and build (see kinds/__init__.py)."""
    return {m.__name__.rpartition(".")[2]: m for m in registry.modules("triage.logs.kinds")}


@cache
def load(name: str) -> Grammar:
    """The grammar of a kind, built at its first anchor hit and kept for the process."""
    return Grammar(name)


class Record:
    """A record being read: the form that the parser's stack has, the lines it took, and until when it waits."""

    __slots__ = ("cut_by", "cut_in", "edges", "form", "grammar", "key", "tokens", "until")

    def __init__(self, grammar: Grammar, key: str | None = None) -> None:
        self.grammar, self.key, self.form = grammar, key, grammar.begin
        self.tokens, self.edges = list[LineToken](), list[Edge]()
        self.until = 0  # the line, counted from the first that was looked at, behind which it is given up
        self.cut_by: Record | None = None  # the report of the same printer that began inside it
        self.cut_in: int | None = None  # how many lines it had when another report of the same printer began

    def feed(self, token: LineToken) -> bool:
        """False if the grammar has no place for the line here."""
        edge = self.form[token.type]
        if edge is None:
            return False
        self.form = edge[0]
        self.edges.append(edge)
        self.tokens.append(token)
        return True

    def like(self, other: Record) -> bool:
        """Whether the other took the same lines of the same log for the same, and was cut at the same place."""
        return (
            (self.grammar, self.key, self.cut_in) == (other.grammar, other.key, other.cut_in)
            and len(self.tokens) == len(other.tokens)
            and self.taken() == other.taken()
            and (self.cut_by.taken() if self.cut_by else None) == (other.cut_by.taken() if other.cut_by else None)
        )

    def taken(self) -> list[tuple[int, str, str]]:
        """The number and text of each line, and what it was taken for."""
        return [(token.line.number, token.line.raw, token.type) for token in self.tokens]

    def fields(self) -> dict[str, Any]:
        """What the grammar's transformer makes of the record so far; every prefix of a record is a record."""
        value = self.form.value(self.tokens, self.edges)
        return value if isinstance(value, dict) else {}
