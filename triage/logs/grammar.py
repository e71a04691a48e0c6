"""One kind of record, loaded: lark's LALR tables over whole lines, and the line classifier made of the same grammar.

A terminal of a grammar is one log line without its prefix; its named groups are its fields; the rules are the record.
No pattern stands twice: the classifier is the alternation of the grammar's own terminals. One of negative priority is a
guess, for lines that no other terminal knows. The groups `seq` and `bdf` name the record that a line belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from lark import Lark, Token, UnexpectedToken
from lark.lexer import Lexer
from lark.parsers.lalr_interactive_parser import InteractiveParser

from triage import registry, resources
from triage.logs.lines import Line


class LineToken:
    """A classified line; lark reads its `type` only, so it need not be lark's own (slower) Token."""

    __slots__ = ("end", "fields", "line", "type")

    def __init__(self, type_: str, fields: dict[str, str | None], line: Line, end: int) -> None:
        self.type, self.fields, self.line = type_, fields, line
        self.end = end  # how much of the body the pattern took


class _LinesAreTokens(Lexer):
    """The lexer has nothing left to do."""

    def __init__(self, conf: object) -> None: ...

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Any]:
        return iter(lexer_state)


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


class Grammar:
    """`grammars/<name>.lark` and `triage/logs/kinds/<name>.py` made ready to parse."""

    def __init__(self, name: str) -> None:
        folder = resources.folder("grammars")
        self.name, self.module = name, kinds()[name]
        transformer = self.module.Fields()
        self.start = transformer.start
        self.lark = Lark(
            (folder / f"{name}.lark").read_text(encoding="utf-8"),
            parser="lalr",
            lexer=_LinesAreTokens,
            maybe_placeholders=False,
            transformer=transformer,
            import_paths=[str(folder)],
        )
        self.terminals = {t.name: (t.priority, t.pattern.to_regexp()) for t in self.lark.terminals}
        self.classify: Callable[[Line], LineToken | None] = Classifier(self.terminals)
        parser: InteractiveParser = self.lark.parse_interactive()
        self.begin: Any = parser.parser_state
        self.table: Any = self.begin.parse_conf.states
        self.guesses = {name for name, (priority, _) in self.terminals.items() if priority < 0}
        self.opens = self.table[self.begin.position].keys() & self.terminals.keys()
        self.gap: int = self.module.GAP
        self.every_caller: bool = getattr(self.module, "EVERY_CALLER", False)
        self.single = self.gap == 0 and all(len(r.expansion) == 1 and r.expansion[0].is_term for r in self.lark.rules)
        self.required: tuple[str, ...] = self.module.REQUIRED

    def fields(self, token: LineToken) -> dict[str, Any]:
        """The fields of a record that is one line: what lark would call, without its tables."""
        value: dict[str, Any] = self.start([token])
        return value


@cache
def kinds() -> dict[str, ModuleType]:
    """All kinds of record by name; each module has ANCHORS, GAP, REQUIRED, Fields and build (see kinds/__init__.py)."""
    return {m.__name__.rpartition(".")[2]: m for m in registry.modules("triage.logs.kinds")}


@cache
def load(name: str) -> Grammar:
    """The grammar of a kind, built at its first anchor hit and kept for the process."""
    return Grammar(name)


@dataclass(slots=True)
class Record:
    """A record being read: the parser's state, the lines it took, and how long it has waited for its next."""

    grammar: Grammar
    key: str | None
    lines: list[Line] = field(default_factory=list)
    idle: int = 0
    state: Any = None
    cut_in: int | None = None  # how many lines it had when another record of the same printer began

    def __post_init__(self) -> None:
        self.state = self.grammar.begin.copy(deepcopy_values=False)

    def feed(self, token: LineToken) -> bool:
        """False if the grammar has no place for the line here; what was reduced before that showed stays valid."""
        if token.type not in self.grammar.table[self.state.state_stack[-1]]:
            return False
        try:
            self.state.feed_token(token)
        except UnexpectedToken:  # LALR lookaheads are merged: a listed terminal can still fail after reductions
            return False
        self.lines.append(token.line)
        self.idle = 0
        return True

    def fields(self) -> dict[str, Any]:
        """What the grammar's transformer made of the record so far; every prefix of a record is a record."""
        try:
            value = self.state.feed_token(Token("$END", ""), True)
        except UnexpectedToken:  # a grammar that is not prefix-closed: its test finds it, a user's log must not
            return {}
        return value if isinstance(value, dict) else {}
