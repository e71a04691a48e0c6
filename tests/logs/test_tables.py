"""The tables made when the package is built are lark's, and reading with them gives what lark would."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lark import Token, Tree, UnexpectedToken

from triage import resources
from triage.logs import tables
from triage.logs.automaton import Automaton
from triage.logs.grammar import LineToken, Record, kinds

KINDS = sorted(kinds())
LENGTH = 25  # lines of a record
WALKS = 10


class Trees:
    """Makes of every rule the tree that lark makes when it has no transformer."""

    def __getattr__(self, name: str) -> Any:
        return lambda parts: Tree(name, parts)


class Bare:
    """What a record needs of a grammar."""

    def __init__(self, data: tables.Tables) -> None:
        self.begin = Automaton(data, Trees()).form((0,))


def takes(reader: Any, terminal: str) -> bool:
    """Whether lark's own parser takes a terminal next."""
    try:
        reader.copy().feed_token(Token(terminal, ""))
    except UnexpectedToken:
        return False
    return True


def names(tree: Tree[Any]) -> list[Any]:
    """The shape of a tree, tokens by their types."""
    parts = [names(part) if isinstance(part, Tree) else part.type for part in tree.children]
    return [str(tree.data), *parts]


@pytest.mark.parametrize("kind", KINDS)
def test_records_are_what_larks_own_parser_makes_of_them(kind: str) -> None:
    data, lark = tables.make(kind), tables.parser(kind)
    chance = random.Random(kind)
    ended: list[Any] = []
    for _ in range(WALKS):
        record, reader = Record(Bare(data)), lark.parse_interactive()  # type: ignore[arg-type]
        for _ in range(chance.randrange(1, LENGTH)):
            accepted = [name for name, *_ in data["terminals"] if takes(reader, name)]
            assert accepted == [name for name, *_ in data["terminals"] if record.form[name]]
            if not accepted:
                break
            name = chance.choice(accepted)
            reader.feed_token(Token(name, ""))
            assert record.feed(LineToken(name, {}, None, 0, None))  # type: ignore[arg-type]
        ended.append(record.form.value(record.tokens, record.edges))
        assert names(ended[-1]) == names(reader.feed_eof())
    assert any(len(tree.children) > 1 for tree in ended) or len(data["rules"]) == len(data["terminals"])


@pytest.mark.parametrize("kind", KINDS)
def test_tables_are_plain_data(kind: str) -> None:
    data = tables.make(kind)
    assert json.loads(json.dumps(data)) == json.loads(json.dumps(tables.load(kind)))


@pytest.mark.parametrize("seed", ["1", "2"])
def test_tables_do_not_depend_on_the_order_of_sets(seed: str) -> None:
    """A wheel is the same wherever it is built."""
    code = "import json; from triage.logs import tables; print(json.dumps(tables.make('oops')))"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
    assert json.loads(done.stdout) == json.loads(json.dumps(tables.make("oops")))


def test_tables_of_other_grammars_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "tables")
    tables.write()
    assert tables.made("edac") is not None
    shutil.copytree(resources.folder("grammars"), tmp_path / "grammars")
    with (tmp_path / "grammars" / "aer.lark").open("a") as file:
        file.write("// edited since\n")
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path / name)
    assert tables.made("edac") is None
    assert tables.load("edac") == tables.make("edac")


@pytest.mark.parametrize("content", ["", "{", "{}", '{"grammars": 1}', "[]", "null"])
def test_damaged_tables_are_not_used(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FOLDER", tmp_path)
    (tmp_path / "edac.json").write_text(content)
    assert tables.load("edac") == tables.make("edac")
