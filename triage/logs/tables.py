"""Grammar files to lark's LALR tables in plain data, made when the package is built so that nobody waits for lark.

In a checkout whose grammars were edited since, lark makes the tables anew.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from triage import resources

FOLDER = Path(__file__).resolve().parent.parent / "_data" / "tables"


class Tables(TypedDict):
    """The automaton of one grammar; a symbol is a terminal, the end, or what a rule makes."""

    terminals: list[tuple[str, int, str]]  # name, priority, pattern
    symbols: list[str]
    # What it makes, whether that belongs to the rule around it (a list of parts), whether a part that is alone is the
    # value itself, and of each part whether it is such a list.
    rules: list[tuple[str, bool, bool, list[bool]]]
    # For each action the symbols (by number) that cause it: a state to go to, or ~ the number of the rule to reduce.
    # A state that is a number reduces that rule whatever follows. State 0 is the beginning.
    states: list[list[tuple[int, list[int]]] | int]
    end: int


def load(name: str) -> Tables:
    """The tables of `grammars/<name>.lark`; FileNotFoundError if there is no such grammar."""
    return made(name) or make(name)


def made(name: str) -> Tables | None:
    """The tables made when the package was built, if the grammars are still those that they were made from."""
    try:
        packed = json.loads((FOLDER / f"{name}.json").read_bytes())
        fresh = packed["grammars"] == stamp(resources.folder("grammars"))
        return packed["tables"] if fresh else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


@cache
def stamp(folder: Path) -> int:
    """What changes when any grammar does."""
    crc = 0
    for path in sorted(folder.rglob("*.lark")):
        crc = zlib.crc32(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0", crc)
    return crc


def write() -> None:
    """Make the tables of all grammars and keep them in the package; called when it is built."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    grammars = resources.folder("grammars")
    for path in grammars.glob("[!_]*.lark"):
        packed = {"grammars": stamp(grammars), "tables": make(path.stem)}
        text = json.dumps(packed, separators=(",", ":"), sort_keys=True)
        (FOLDER / f"{path.stem}.json").write_text(text, encoding="ascii")


def make(name: str) -> Tables:
    """Read a grammar with lark and take over its tables."""
    return tables(parser(name))


def parser(name: str, **options: Any) -> Any:
    """lark's parser of `grammars/<name>.lark`, whose tokens are lines."""
    from lark import Lark
    from lark.lexer import Lexer

    class LinesAreTokens(Lexer):
        """The lexer has nothing to do."""

        def __init__(self, conf: object) -> None: ...

        def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[Any]:
            return iter(())

    folder = resources.folder("grammars")
    text = (folder / f"{name}.lark").read_text(encoding="utf-8")
    options |= {"parser": "lalr", "lexer": LinesAreTokens, "maybe_placeholders": False}
    return Lark(text, import_paths=[str(folder)], **options)


def tables(lark: Any) -> Tables:
    """The tables that lark computed, the same for the same grammar: lark numbers its states as they come."""
    table = lark.parser.parser._parse_table
    symbols = sorted({symbol for state in table.states.values() for symbol in state})
    order = {table.start_states["start"]: 0}
    for state in numbered(order):
        for _symbol, (_, target) in sorted(table.states[state].items()):
            if isinstance(target, int):
                order.setdefault(target, len(order))
    rules = {rule: ~i for i, rule in enumerate(lark.rules)}
    places = {symbol: i for i, symbol in enumerate(symbols)}
    return {
        "terminals": sorted(terminal(t) for t in lark.terminals),
        "symbols": symbols,
        "rules": [meaning(rule) for rule in rules],
        "states": [row(table.states[state], order | rules, places) for state in order],
        "end": order[table.end_states["start"]],
    }


def numbered(order: dict[int, int]) -> Iterator[int]:
    """The states in their order, with those that are found while the caller looks at them."""
    at = 0
    while at < len(order):
        yield list(order)[at]
        at += 1


def terminal(definition: Any) -> tuple[str, int, str]:
    """Name, priority and pattern."""
    pattern = definition.pattern.to_regexp()
    if re.compile(pattern).groups != len(re.findall(r"\(\?P<\w+>", pattern)):
        raise ValueError(f"{definition.name}: every group of a line terminal must be named (?P<..>) or (?:..)")
    return definition.name, definition.priority, pattern


def meaning(rule: Any) -> tuple[str, bool, bool, list[bool]]:
    """What lark does with the values of the parts of a rule."""
    name = rule.origin.name
    if any(symbol.is_term and symbol.filter_out for symbol in rule.expansion):
        raise ValueError(f"{name}: a line cannot be left out of a record")
    inner = [not symbol.is_term and symbol.name.startswith("_") for symbol in rule.expansion]
    return name, name.startswith("_"), bool(rule.options.expand1), inner


def row(
    actions: dict[str, tuple[Any, Any]], numbers: dict[Any, int], places: dict[str, int]
) -> list[tuple[int, list[int]]] | int:
    """The actions of one state."""
    groups: dict[int, list[int]] = {}
    for symbol, (_, target) in sorted(actions.items()):
        groups.setdefault(numbers[target], []).append(places[symbol])
    settled = len(groups) == 1 and min(groups) < 0
    return ~min(groups) if settled else list(groups.items())
