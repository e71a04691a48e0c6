"""One kind of record, loaded: lark's LALR tables over whole lines, and the line classifier made of the same grammar.

A terminal of a grammar is one log line without its prefix; its named groups are its fields; the rules are the record.
No pattern stands twice: the classifier is the alternation of the grammar's own terminals. One of negative priority is a
guess, for lines that no other terminal knows. The groups `seq` and `bdf` name the record that a line belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, NamedTuple

from triage import registry
from triage.logs import tables
from triage.logs.lines import Line

MEMORY = 2048  # bodies that a classifier remembers: what floods a log repeats itself


class LineToken:
    """A classified line."""

    __slots__ = ("end", "fields", "line", "type")

    def __init__(self, type_: str, fields: dict[str, str | None], line: Line, end: int) -> None:
        self.type, self.fields, self.line = type_, fields, line
        self.end = end  # how much of the body the pattern took


class Classifier:
    """All terminals of one grammar as one alternation, higher priority and longer patterns first."""

    def __init__(self, terminals: dict[str, tuple[int, str]]) -> None:
        ordered = sorted(terminals.items(), key=lambda t: (-t[1][0], -len(t[1][1]), t[0]))
        self.types: dict[int, tuple[str, tuple[str, ...], tuple[int, ...]]] = {}
        parts, at = [], 1
        for name, (_, pattern) in ordered:
            fields = tuple(re.findall(r"\(\?P<(\w+)>", pattern))
            if re.compile(pattern).groups != len(fields):
                raise ValueError(f"{name}: every group of a line terminal must be named (?P<..>) or (?:..)")
            self.types[at] = (name, fields, (0, *range(at + 1, at + 1 + len(fields))))
            parts.append("(" + re.sub(r"\?P<\w+>", "", pattern) + ")")
            at += 1 + len(fields)
        self.match = re.compile("|".join(parts)).match

    def __call__(self, line: Line) -> LineToken | None:
        found = self.match(line.body)
        if found is None or found.lastindex is None:
            return None
        name, fields, groups = self.types[found.lastindex]
        values = found.group(*groups) if fields else ()  # group 0 leads, so that there is always a tuple
        return LineToken(name, dict(zip(fields, values[1:], strict=False)), line, found.end())


class Rule(NamedTuple):
    """How the values of a rule's parts become its own."""

    name: str
    make: Callable[[list[Any]], Any]
    inline: bool  # its parts belong to the rule around it
    single: bool  # a part that is alone is the value
    inner: tuple[bool, ...]  # of each part, whether it is inline

    def reduce(self, values: list[Any]) -> None:
        """Replace the values of the parts, which stand last."""
        first = len(values) - len(self.inner)
        parts = list[Any]()
        for value, inner in zip(values[first:], self.inner, strict=True):
            if not inner:
                parts.append(value)
            elif parts:
                parts += value
            else:
                parts = value  # what repeats grows at its end: not copied with every line
        del values[first:]
        if self.inline:
            values.append(parts)
        else:
            values.append(parts[0] if self.single and len(parts) == 1 else self.make(parts))


class Edge(NamedTuple):
    """Where a line leads: the next form, and the rules that are reduced before and behind it."""

    form: Form
    before: list[Rule]
    after: list[Rule]


class Form(dict[str, "Edge | None"]):
    """A form of the parser's stack, as a map from terminals to where they lead; None where they have no place.

    Grammars of records are flat, so the forms are few: a record goes from one to another, and its values are made when
    it ends. The map is filled out of lark's tables as lines ask for it.
    """

    def __init__(self, automaton: Automaton, stack: tuple[int, ...]) -> None:
        self.automaton, self.stack = automaton, stack

    def __missing__(self, terminal: str) -> Edge | None:
        edge = self[terminal] = self.automaton.edge(self.stack, terminal)
        return edge

    def ending(self) -> list[Rule] | None:
        """The rules to reduce if the record ends here; None if it may not."""
        states = list(self.stack)
        rules = self.automaton.reductions(states, "$END")
        return rules if states[-1] == self.automaton.end else None


def no_value(parts: list[Any]) -> Any:
    """Stands for the method of a rule that needs none: it is inline, or always of a single part."""
    raise TypeError(f"the kind has no method for a rule of {len(parts)} parts")


class Automaton:
    """lark's LALR tables of one grammar, with the methods that make its values."""

    def __init__(self, data: tables.Tables, fields: Any) -> None:
        symbols = data["symbols"]
        self.states = [
            {"": ~state} if isinstance(state, int) else {symbols[s]: action for action, group in state for s in group}
            for state in data["states"]
        ]
        self.rules = [
            Rule(name, getattr(fields, name, no_value), inline, single, tuple(inner))
            for name, inline, single, inner in data["rules"]
        ]
        self.end = data["end"]
        self.forms: dict[tuple[int, ...], Form] = {}

    def form(self, stack: tuple[int, ...]) -> Form:
        """The one form of a stack."""
        if stack not in self.forms:
            self.forms[stack] = Form(self, stack)
        return self.forms[stack]

    def edge(self, stack: tuple[int, ...], terminal: str) -> Edge | None:
        """Shift a terminal, with the reductions that it asks for, and behind it those that need no look ahead."""
        states = list(stack)
        before = self.reductions(states, terminal)
        target = self.states[states[-1]].get(terminal)
        if target is None:
            return None
        states.append(target)
        after = self.reductions(states, "")
        return Edge(self.form(tuple(states)), before, after)

    def reductions(self, states: list[int], symbol: str) -> list[Rule]:
        """The rules to reduce before a symbol."""
        done = list[Rule]()
        while (action := (row := self.states[states[-1]]).get(symbol, row.get("", 0))) < 0:
            rule = self.rules[~action]
            del states[len(states) - len(rule.inner) :]
            states.append(self.states[states[-1]][rule.name])
            done.append(rule)
        return done


class Grammar:
    """`grammars/<name>.lark` and `triage/logs/kinds/<name>.py` made ready to parse."""

    def __init__(self, name: str) -> None:
        data = tables.load(name)
        self.name, self.module = name, kinds()[name]
        transformer = self.module.Fields()
        self.terminals = {name: (priority, pattern) for name, priority, pattern in data["terminals"]}
        self.classify: Callable[[Line], LineToken | None] = Classifier(self.terminals)
        self.begin = Automaton(data, transformer).form((0,))
        self.guesses = {name for name, (priority, _) in self.terminals.items() if priority < 0}
        self.gap: int = self.module.GAP
        self.every_caller: bool = getattr(self.module, "EVERY_CALLER", False)
        self.cuts: bool = getattr(transformer, "cuts", False)  # a report that ends the one before it
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
    """A record being read: the form that the parser's stack has, the lines it took, how long it waits for its next."""

    __slots__ = ("cut_in", "edges", "form", "grammar", "idle", "key", "tokens")

    def __init__(self, grammar: Grammar, key: str | None = None) -> None:
        self.grammar, self.key, self.form = grammar, key, grammar.begin
        self.tokens, self.edges = list[LineToken](), list[Edge]()
        self.idle = 0
        self.cut_in: int | None = None  # how many lines it had when another report of the same printer began

    def feed(self, token: LineToken) -> bool:
        """False if the grammar has no place for the line here."""
        edge = self.form[token.type]
        if edge is None:
            return False
        self.form = edge.form
        self.edges.append(edge)
        self.tokens.append(token)
        self.idle = 0
        return True

    def fields(self) -> dict[str, Any]:
        """What the grammar's transformer makes of the record so far; every prefix of a record is a record."""
        value = self.value()
        return value if isinstance(value, dict) else {}

    def value(self) -> Any:
        """The value of the rule `start`, all others reduced on the way."""
        ending = self.form.ending()
        if ending is None:  # a grammar that is not prefix-closed: its test finds it, a user's log must not
            return None
        values = list[Any]()
        for token, (_, before, after) in zip(self.tokens, self.edges, strict=True):
            for rule in before:
                rule.reduce(values)
            values.append(token)
            for rule in after:
                rule.reduce(values)
        for rule in ending:
            rule.reduce(values)
        return values[0]
