"""What holds for every grammar and its kind."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lark import logger

from tests.logs.samples import FOLDER, Sample
from triage import resources
from triage.inputs import LogText
from triage.logs import tables
from triage.logs.automaton import Form
from triage.logs.grammar import Grammar, kinds
from triage.logs.parse import Parser
from triage.logs.scan import Scanner

KINDS = sorted(kinds())


def stems() -> set[str]:
    """Names of the grammars; a leading underscore or a folder is what several share."""
    return {path.stem for path in resources.folder("grammars").glob("*.lark") if not path.stem.startswith("_")}


def fixtures(kind: str) -> list[Path]:
    return sorted(FOLDER.glob(f"{kind}-*.log"))


def test_grammars_and_kinds_have_the_same_names() -> None:
    assert stems() == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fixture_shows_the_kind(kind: str) -> None:
    samples = [Sample.read(path) for path in fixtures(kind)]
    assert any(f"EVENT: {kind} " in line for sample in samples for line in sample.expected)


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What lark logs while it builds its tables."""
    said: list[str] = []
    handler, level = logging.Handler(), logger.level
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield said
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.parametrize("kind", KINDS)
def test_no_conflicts(kind: str, complaints: list[str]) -> None:
    tables.parser(kind, debug=True)
    assert [said for said in complaints if "conflict" in said.lower()][:3] == []


def forms(loaded: Grammar) -> list[Form]:
    """All forms that the parser's stack takes: grammars are flat, so there is an end of them."""
    found = {loaded.begin.stack: loaded.begin}
    for form in (todo := [loaded.begin]):
        for terminal in loaded.terminals:
            edge = form[terminal]
            if edge and edge.form.stack not in found:
                found[edge.form.stack] = edge.form
                todo.append(edge.form)
                assert len(todo) < 5000
    return todo


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_may_end_after_every_line(kind: str) -> None:
    _begin, *others = forms(Grammar(kind))
    assert others
    assert [form.stack for form in others if form.ending is None] == []


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kinds()[kind].GAP == 0])
def test_records_without_gap_are_one_line(kind: str) -> None:
    assert {(name, *inner) for name, _, _, inner in tables.load(kind)["rules"]} == {("start", False)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_grammar_does_the_parsing(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its grammar a kind reads nothing: no pattern of it stands anywhere else."""
    shutil.copytree(resources.folder("grammars"), tmp_path / "grammars")
    (tmp_path / "grammars" / f"{kind}.lark").unlink()
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path / name)
    with pytest.raises(FileNotFoundError):
        Grammar(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_found_by_the_kinds_own_anchors(kind: str) -> None:
    """The scan looks for nothing else, so a record must be found when its kind stands alone."""
    module = kinds()[kind]
    scanner = Scanner((anchor, kind) for anchor in module.ANCHORS)
    for path in fixtures(kind):
        sample = Sample.read(path)
        if any(f"EVENT: {kind} " in line for line in sample.expected):
            assert list(scanner.hits(sample.log)), f"{path.name}: no anchor of {kind}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.log")), ids=lambda p: p.stem)
def test_events_hold_the_lines_they_name(path: Path) -> None:
    sample = Sample.read(path)
    lines = sample.log.decode().split("\n")
    for event in Parser(LogText(path.name, sample.log)).events():
        assert event.first_line == event.lines[0][0]
        for number, raw in event.lines:
            assert raw.split("\n")[0].rstrip("\r") == lines[number - 1].rstrip("\r")
