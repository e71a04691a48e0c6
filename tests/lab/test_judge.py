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


RIGHT = dict.fromkeys(judge.ASPECTS, judge.Mark())


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
    assert judge.compare(TRUTH, answer()) == RIGHT


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
    assert judge.compare(TRUTH, wrong)[aspect].wrong


def test_a_lower_confidence_is_right_where_the_table_allows_it() -> None:
    lower = Case("6.12-x", "6.12", ("merged-cache",), death="scribble", verdict="memory-error <=likely")
    expected = TRUTH | {"expected": truth.expected(lower, [Victim("merged-cache", "slab", 0x2530)])}
    weak = answer() | {"verdict": {"cause": "memory-error", "confidence": "weak"}}
    assert not judge.compare(expected, weak)["verdict"].wrong
    assert judge.compare(expected, answer())["verdict"].wrong


def stack(task: str | None, unread: tuple[str, ...] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """Truth and answer of a stack whose task is lab-stack[152]."""
    page = Victim("stack", "kernel-stack", 0x23BF, details={"pid": "152", "comm": "lab-stack"})
    known = truth.compose(Case("6.12-y", "6.12", ("stack",), verdict="operator proven"), "test", [page], {}, [])
    detail = {"task": task} if task else {}
    said = {"pfn": "0x23bf", "type": "kernel-stack", "blamed": False, "detail": detail}
    verdict = {"cause": "operator", "confidence": "proven"}
    return known, {"verdict": verdict, "crash": None, "pages": [said], "core": {"unread": list(unread)}}


def test_the_owner_of_a_page_is_compared() -> None:
    assert judge.compare(*stack("init[1]"))["object"] == judge.Mark(["task init[1] for lab-stack[152]"])
    assert judge.compare(*stack("lab-stack[152]"))["object"] == judge.Mark()


@pytest.mark.parametrize(
    ("task", "unread", "mark"),
    [
        (None, ("0x1271",), judge.Mark(lost=["task"])),
        (None, ("0x1272",), judge.Mark(["task None for lab-stack[152]"])),  # that page is in the dump
        (None, (), judge.Mark(["task None for lab-stack[152]"])),
        ("init[1]", ("0x1271",), judge.Mark(["task init[1] for lab-stack[152]"])),
        ("lab-stack[152]", ("0x1271",), judge.Mark()),
    ],
)
def test_only_what_is_absent_and_led_to_by_a_page_that_the_dump_lacks_is_lost(
    task: str | None, unread: tuple[str, ...], mark: judge.Mark
) -> None:
    assert judge.compare(*stack(task, unread), left_out=lambda pfn: pfn == 0x1271)["object"] == mark


PATH = "/srv/names/victim"


def named(death: str) -> dict[str, Any]:
    """The truth with a path for the object."""
    return TRUTH | {"pages": [TRUTH["pages"][0] | {"details": DETAILS | {"path": PATH}}], "death": {"by": death}}


def test_the_path_on_a_page_that_the_lab_wrote_over_is_not_asked_for() -> None:
    assert judge.compare(named("scribble"), answer())["object"] == judge.Mark()
    told = answer()
    told["pages"][0]["detail"]["objects"][0]["path"] = "/etc"
    assert judge.compare(named("scribble"), told)["object"].wrong == [f"path /etc for {PATH}"]


def test_what_stands_on_a_page_that_is_left_out_is_lost() -> None:
    known = named("consume")
    assert judge.compare(known, answer())["object"].wrong == ["path None for /srv/names/victim"]
    assert judge.compare(known, answer(), lambda pfn: pfn == 0x2530)["object"] == judge.Mark(lost=["path"])


def test_a_judgement_is_wrong_before_it_is_lost() -> None:
    lost, wrong = judge.Mark(lost=["task"]), judge.Mark(["slab for vmalloc"])
    assert judge.Judgement("a", "vmcore.elf", marks={"pages": judge.Mark(), "object": lost}).outcome == "lost"
    assert judge.Judgement("a", "vmcore.elf", marks={"type": wrong, "object": lost}).outcome == "wrong"
    assert "| lost: task |" in judge.Judgement("a", "vmcore.elf", marks={"object": lost}).row()
