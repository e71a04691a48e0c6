"""lark's LALR tables of one grammar at work: from line to line, and at the end of a record to its value.

Grammars of records are flat, so the parser's stack takes few forms. Each form remembers where a terminal leads from it,
so that a line costs one look into a map; what the tables would reduce on the way is done when the record ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, NamedTuple

from triage.logs.tables import Tables


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

    @property
    def changes(self) -> bool:
        """Whether reducing by it does anything to the values."""
        return self.inline or not self.single or self.inner != (False,)


class Edge(NamedTuple):
    """Where a line leads: the next form, and the rules that are reduced before and behind it."""

    form: Form
    grows: bool  # it is only added to the list that stands last, as most lines are
    before: list[Rule]
    after: list[Rule]


class Form(dict[str, Edge | None]):
    """A form of the parser's stack: terminals to where they lead; None where they have no place."""

    def __init__(self, automaton: Automaton, stack: tuple[int, ...]) -> None:
        self.automaton, self.stack = automaton, stack

    def __missing__(self, terminal: str) -> Edge | None:
        edge = self[terminal] = self.automaton.edge(self.stack, terminal)
        return edge

    @cached_property
    def ending(self) -> list[Rule] | None:
        """The rules to reduce if the record ends here; None if it may not."""
        states = list(self.stack)
        rules = self.automaton.reductions(states, "$END")
        return rules if states[-1] == self.automaton.end else None

    def value(self, tokens: Iterable[Any], edges: Iterable[Edge]) -> Any:
        """What a record is that came here along the edges; None if it may not end here."""
        values = list[Any]()
        for token, (_, grows, before, after) in zip(tokens, edges, strict=True):
            if grows:
                values[-1].append(token)
                continue
            for rule in before:
                rule.reduce(values)
            values.append(token)
            for rule in after:
                rule.reduce(values)
        for rule in self.ending or ():
            rule.reduce(values)
        return None if self.ending is None else values[0]


class Automaton:
    """The tables, with the methods that make the values of the rules."""

    def __init__(self, tables: Tables, fields: Any) -> None:
        symbols = tables["symbols"]
        self.states = [
            {"": ~state} if isinstance(state, int) else {symbols[s]: action for action, group in state for s in group}
            for state in tables["states"]
        ]
        self.rules = [
            Rule(name, getattr(fields, name, no_value), inline, single, tuple(inner))
            for name, inline, single, inner in tables["rules"]
        ]
        self.end = tables["end"]
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
        return Edge(self.form(tuple(states)), not before and grows(after), before, after)

    def reductions(self, states: list[int], symbol: str) -> list[Rule]:
        """Reduce before a symbol; the rules that do something to the values."""
        done = list[Rule]()
        while (action := (row := self.states[states[-1]]).get(symbol, row.get("", 0))) < 0:
            rule = self.rules[~action]
            del states[len(states) - len(rule.inner) :]
            states.append(self.states[states[-1]][rule.name])
            if rule.changes:
                done.append(rule)
        return done


def grows(rules: list[Rule]) -> bool:
    """Whether all that rules do with a line is to add it to the list before it: tried on a list and a line."""
    values: list[Any] = [[0], 1]
    for rule in rules:
        if len(rule.inner) > len(values) or not (rule.inline or rule.single):
            return False
        rule.reduce(values)
    return values == [[0, 1]]


def no_value(parts: list[Any]) -> Any:
    """Stands for the method of a rule that needs none: it is inline, or always of a single part."""
    raise TypeError(f"the kind has no method for a rule of {len(parts)} parts")
