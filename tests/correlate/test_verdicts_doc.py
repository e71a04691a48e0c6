"""docs/verdicts.md says what the rules say."""

from __future__ import annotations

from pathlib import Path

import pytest

from triage.correlate.ladder import Ground, Limit, rules
from triage.registry import modules

DOC = Path(__file__).parents[2] / "docs" / "verdicts.md"


def row(rule: Ground | Limit) -> str:
    """The rule as a line of the document's tables."""
    if isinstance(rule, Ground):
        return f"| `{rule.name}` | {rule.confidence} | {rule.says} |"
    effects = [
        f"at most {rule.cap}" if rule.cap else "",
        "one level down" if rule.down else "",
        f"cause becomes {rule.becomes}" if rule.becomes else "",
    ]
    return f"| `{rule.name}` | {', '.join(rule.causes)} | {' and '.join(filter(None, effects))} | {rule.says} |"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_document_holds_the_rule_as_it_is(rule: Ground | Limit) -> None:
    assert row(rule) in DOC.read_text(encoding="utf-8").splitlines()


def test_document_holds_no_rule_that_is_gone() -> None:
    lines = [line for line in DOC.read_text(encoding="utf-8").splitlines() if line.startswith("| `") and "_" in line]
    told = {line.split("`")[1] for line in lines if line.split("`")[1].islower() and " " not in line.split("`")[1]}
    assert told == {rule.name for rule in rules()}


def test_a_rule_bears_the_name_of_its_file() -> None:
    assert all(module.RULE.name == module.__name__.rpartition(".")[2] for module in modules("triage.correlate.rules"))
