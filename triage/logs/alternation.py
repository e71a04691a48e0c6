"""Many line patterns as one, for the standard library's engine, which tries alternatives one after the other.

`HW fru_id: (?P<fru_id>.*)` and `HW DIMM: (?P<dimm>.*)` become `HW(?:fru_id: (.*)()|DIMM: (.*)())`:
neighbours that begin alike share that beginning, so that it is matched once, and an empty group tells which one it was.
"""

from __future__ import annotations

import re
from itertools import groupby, takewhile

GROUP = re.compile(r"\(\?P<(\w+)>")
TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.S)
REPEAT = re.compile(r"(?:[*+?]|\{\d{0,4},?\d{0,4}\})?[?+]?")

Atoms = list[str]
Fields = tuple[tuple[str, int], ...]  # names and numbers of groups


class Alternation:
    """`text` matches as the first of the patterns that does; `types` is by the number of its empty group."""

    def __init__(self, patterns: list[tuple[str, str]]) -> None:
        # Name of the pattern, its fields and their groups. The whole match is last, so that there are always several.
        self.types: dict[int, tuple[str, tuple[str, ...], tuple[int, ...]]] = {}
        self.groups = 0
        self.text = self.either([(name, atoms(pattern)) for name, pattern in patterns], ())

    def either(self, patterns: list[tuple[str, Atoms]], before: Fields) -> str:
        """Patterns that may stand behind a beginning which has the fields `before`."""
        parts = list[str]()
        for _, run in groupby(patterns, key=lambda pattern: pattern[1][:1]):
            alike = list(run)
            shared = common([pattern for _, pattern in alike]) if len(alike) > 1 else 0
            if shared:
                text, fields = self.numbered(alike[0][1][:shared], before)
                rest = self.either([(name, pattern[shared:]) for name, pattern in alike], fields)
                parts.append(f"{text}(?:{rest})")
            else:
                parts += [self.whole(name, pattern, before) for name, pattern in alike]
        return "|".join(parts)

    def whole(self, name: str, pattern: Atoms, before: Fields) -> str:
        """The rest of a pattern."""
        text, fields = self.numbered(pattern, before)
        self.groups += 1
        self.types[self.groups] = name, tuple(n for n, _ in fields), (*(number for _, number in fields), 0)
        return f"{text}()"

    def numbered(self, pattern: Atoms, before: Fields) -> tuple[str, Fields]:
        """A piece of a pattern, its named groups as numbered ones."""
        text = "".join(pattern)
        names = GROUP.findall(text)
        first, self.groups = self.groups + 1, self.groups + len(names)
        return GROUP.sub("(", text), (*before, *zip(names, range(first, self.groups + 1), strict=True))


def common(patterns: list[Atoms]) -> int:
    """How many atoms stand at the beginning of all patterns."""
    return sum(1 for _ in takewhile(lambda same: len(set(same)) == 1, zip(*patterns, strict=False)))


def atoms(pattern: str) -> Atoms:
    """The parts of a pattern that match one after the other; a pattern that is itself an alternation is one part."""
    found, at, start, depth = list[str](), 0, 0, 0
    while at < len(pattern):
        token = TOKEN.match(pattern, at)
        assert token is not None
        at = token.end()
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth:
            continue
        if token[0] == "|":
            return [f"(?:{pattern})"]
        repeat = REPEAT.match(pattern, at)
        assert repeat is not None
        at = repeat.end()
        found.append(pattern[start:at])
        start = at
    return found
