"""One pattern for many lines finds what the patterns would find one after the other."""

from __future__ import annotations

import re

import pytest

from tests.logs.samples import FOLDER
from triage.logs import tables
from triage.logs.alternation import Alternation, atoms
from triage.logs.grammar import Grammar, kinds
from triage.logs.prefix import split

KINDS = sorted(kinds())
BODIES = sorted(
    {split(line).body for path in FOLDER.glob("*.log") for line in path.read_text("utf-8", "replace").splitlines()}
)


def found(alternation: Alternation, text: str) -> tuple[str, dict[str, str | None]] | None:
    match = re.compile(alternation.text).match(text)
    if match is None or match.lastindex is None:
        return None
    name, fields, groups = alternation.types[match.lastindex]
    return name, dict(zip(fields, match.group(*groups), strict=False))


@pytest.mark.parametrize("kind", KINDS)
def test_every_line_is_what_the_first_pattern_that_knows_it_says(kind: str) -> None:
    loaded = Grammar(kind)
    ordered = sorted(loaded.terminals.items(), key=lambda t: (-t[1][0], -len(t[1][1]), t[0]))
    patterns = [(name, re.compile(pattern)) for name, (_, pattern) in ordered]
    for body in BODIES:
        first = next(((name, m) for name, pattern in patterns if (m := pattern.match(body))), None)
        told = loaded.classify.look(body)
        assert (told and (told[0], told[1], told[3])) == (first and (first[0], first[1].groupdict(), first[1].end()))


@pytest.mark.parametrize("kind", KINDS)
def test_a_pattern_is_its_parts(kind: str) -> None:
    for _, _, pattern in tables.load(kind)["terminals"]:
        parts = atoms(pattern)
        assert "".join(parts) in (pattern, f"(?:{pattern})")
        for part in parts:
            re.compile(part)


def test_what_is_shared_is_matched_once() -> None:
    made = Alternation([("A", r"x(?P<n>\d)[|)] one (?P<a>.)"), ("B", r"x(?P<n>\d)[|)] t(?P<b>w)o"), ("C", r"y|z")])
    assert made.text == r"x(\d)[|)] (?:one (.)()|t(w)o())|(?:y|z)()"
    assert found(made, "x1) one !") == ("A", {"n": "1", "a": "!"})
    assert found(made, "x2| two") == ("B", {"n": "2", "b": "w"})
    assert found(made, "z") == ("C", {})
    assert found(made, "x2| tw") is None


def test_a_pattern_that_is_the_beginning_of_the_next_wins_if_it_stands_first() -> None:
    made = Alternation([("SHORT", r"ab"), ("LONG", r"abc")])
    assert found(made, "abc") == ("SHORT", {})
    made = Alternation([("LONG", r"abc"), ("SHORT", r"ab")])
    assert found(made, "abc") == ("LONG", {})
    assert found(made, "abd") == ("SHORT", {})
