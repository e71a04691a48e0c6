"""The judge finds what is wrong, aspect by aspect."""

from typing import Any

import pytest

from tests.lab import judge, truth
from tests.lab.cases import Case
from tests.lab.victims import Victim

DETAILS: dict[str, str | list[str]] = {"cache": "lab_merged", "aliases": ["lab_merged", "maple_node"]}
CASE = Case("6.12-x", "6.12", ("merged-cache",), death="scribble", verdict="memory-error proven")
TRUTH = truth.compose(
    CASE, "6.12.0-test", [Victim("merged-cache", "slab", 0x2530, 0x1100, 0x1000, DETAILS)], {"function": "d_walk"}, []
)
TRUTH["expected"]["what_if"] = {"0x2530": True}


def answer() -> dict[str, Any]:
    """A right answer."""
    detail = {"cache": "maple_node", "aliases": [], "object_size": 256, "objects": [{"address": "0x1080"}]}
    page = {"pfn": "0x2530", "type": "slab", "blamed": True, "detail": detail}
    return {
        "verdict": {"cause": "memory-error", "confidence": "proven"},
        "crash": {"function": "d_walk"},
        "pages": [page],
        "counterfactual": [{"policy": "linux-7.3", "pfn": "0x2530", "would_panic": "yes"}],
    }


def test_a_right_answer_is_right() -> None:
    assert judge.compare(TRUTH, answer()) == dict.fromkeys(judge.ASPECTS, "")


@pytest.mark.parametrize(
    ("aspect", "path", "value"),
    [
        ("pages", ("pages", 0, "pfn"), "0x2531"),
        ("type", ("pages", 0, "type"), "vmalloc"),
        ("object", ("pages", 0, "detail", "cache"), "dentry"),
        ("object", ("pages", 0, "detail", "objects"), [{"address": "0x1200"}]),
        ("function", ("crash", "function"), "d_lookup"),
        ("verdict", ("verdict", "cause"), "software"),
        ("verdict", ("verdict", "confidence"), "strong"),
        ("blamed", ("pages", 0, "blamed"), False),
        ("what-if", ("counterfactual", 0, "would_panic"), "depends"),
    ],
)
def test_a_wrong_answer_is_found_under_its_aspect(aspect: str, path: tuple[Any, ...], value: object) -> None:
    wrong = answer()
    place: Any = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert judge.compare(TRUTH, wrong)[aspect]


def test_a_lower_confidence_is_right_where_the_table_allows_it() -> None:
    lower = Case("6.12-x", "6.12", ("merged-cache",), death="scribble", verdict="memory-error <=likely")
    expected = TRUTH | {"expected": truth.expected(lower, [Victim("merged-cache", "slab", 0x2530)])}
    weak = answer() | {"verdict": {"cause": "memory-error", "confidence": "weak"}}
    assert not judge.compare(expected, weak)["verdict"]
    assert judge.compare(expected, answer())["verdict"]


def test_the_owner_of_a_page_is_compared() -> None:
    stack = Victim("stack", "kernel-stack", 0x23BF, details={"pid": "152", "comm": "lab-stack"})
    known = truth.compose(Case("6.12-y", "6.12", ("stack",), verdict="operator proven"), "test", [stack], {}, [])
    page: dict[str, Any] = {"pfn": "0x23bf", "type": "kernel-stack", "blamed": False, "detail": {"task": "init[1]"}}
    said = {"verdict": {"cause": "operator", "confidence": "proven"}, "crash": None, "pages": [page]}
    assert judge.compare(known, said)["object"] == "task init[1] for lab-stack[152]"
    page["detail"]["task"] = "lab-stack[152]"
    assert not judge.compare(known, said)["object"]
