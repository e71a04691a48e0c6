"""Judges the tool on the lab's cores: runs it as anyone would and compares what it says with truth.json."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import diskdump
from .cases import Case
from .deaths import FAULTS
from .paths import roots, runs
from .truth import TRUTH

LADDER = ("none", "weak", "likely", "strong", "proven")
ASPECTS = ("pages", "type", "object", "function", "verdict", "blamed", "what-if")
POLICY = "linux-7.3"
INTRODUCTION = """# Accuracy on the crash lab

Written by `python -m tests.lab judge --table FILE`; [lab.md](lab.md) says what is compared. `ok`: as in the truth;
`-`: the case has none; `lost`: absent, and the dump itself says that pages which lead there are not in it; anything
else is what was wrong. Seconds and peak memory are those of the whole process.
"""
MINICORE = "vmcore.minicore"
PATIENCE = 120  # seconds for one core, far above what any should take


@dataclass
class Mark:
    """What was found in one aspect; nothing where it is as in the truth.

    A field that is absent is lost where the dump itself says that pages which lead there are not in it, else wrong.
    """

    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return " ".join([*self.wrong, *(f"lost: {each}" for each in self.lost)]) or "ok"


@dataclass
class Judgement:
    """One core judged: a mark for each aspect that its truth speaks of."""

    case: str
    core: str
    seconds: float = 0.0
    megabytes: int = 0
    marks: dict[str, Mark] = field(default_factory=dict)

    def row(self) -> str:
        """A line of the Markdown table."""
        marks = [str(self.marks[aspect]) if aspect in self.marks else "-" for aspect in ASPECTS]
        return f"| {self.case} | {self.core} | {' | '.join(marks)} | {self.seconds:.2f} | {self.megabytes} |"

    @property
    def outcome(self) -> str:
        """right, wrong, or lost: nothing is wrong and something is absent."""
        if any(mark.wrong for mark in self.marks.values()):
            return "wrong"
        return "lost" if any(mark.lost for mark in self.marks.values()) else "right"


def header() -> str:
    """The head of that table."""
    titles = ("case", "core", *ASPECTS, "s", "MB")
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def judge(case: Case, dwarf: bool, minicore: bool) -> Iterator[Judgement]:
    """Judge each form of a case's dump; with `dwarf` and `minicore` the first one also with symbols and as minicore."""
    folder = runs() / case.name
    truth = json.loads((folder / TRUTH).read_text())
    for name in truth["dumps"]:
        yield _judge_core(truth, folder / name, name, [])
    first = next(iter(truth["dumps"]))
    symbols = sorted((roots() / f"{case.kernel}-dbg").rglob("vmlinux*")) if dwarf else []
    for path in symbols[:1]:
        yield _judge_core(truth, folder / first, f"{first} with DWARF", ["--vmlinux", str(path)])
    if minicore:
        small = folder / MINICORE
        small.unlink(missing_ok=True)
        run([str(folder / first), "--minicore", str(small)])
        yield _judge_core(truth, small, "minicore", [])


def _judge_core(truth: dict[str, Any], core: Path, name: str, options: list[str]) -> Judgement:
    begun = time.monotonic()
    output, megabytes = run([str(core), *options])
    judgement = Judgement(truth["case"], name, time.monotonic() - begun, megabytes)
    try:
        answers = json.loads(output)["cases"]
    except (ValueError, KeyError):
        answers = []
    if len(answers) != 1:
        judgement.marks = {"pages": Mark([f"{len(answers)} cases instead of one"])}
    else:
        judgement.marks = compare(truth, answers[0], _left_out(truth, core.parent, name))
    return judgement


def _left_out(truth: dict[str, Any], folder: Path, name: str) -> Callable[[int], bool]:
    """Whether a dump says of a page that it is not in it; an ELF core is complete. A flattened dump leaves out what the
    compressed one of the same guest does, a minicore what its source does."""
    form = next(iter(truth["dumps"])) if name == "minicore" else name.split()[0]
    forms = [form, *truth["dumps"]] if "flat" in form else [form]
    compressed = [folder / each for each in forms if diskdump.is_compressed(folder / each)]
    return diskdump.left_out(compressed[0]) if compressed else complete


def complete(pfn: int) -> bool:
    """What a complete dump says of every page: it is not left out."""
    return False


def run(arguments: list[str]) -> tuple[str, int]:
    """`triage analyze ... --json -` in a process of its own: its output, and its children's peak memory in MB."""
    command = ["nice", "timeout", str(PATIENCE), sys.executable, "-m", "triage", "analyze", *arguments, "--json", "-"]
    read, write = os.pipe()
    process = subprocess.Popen(command, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as stream:
        output = stream.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return output, usage.ru_maxrss // 1024


def compare(
    truth: dict[str, Any], answer: dict[str, Any], left_out: Callable[[int], bool] = complete
) -> dict[str, Mark]:
    """A mark for each aspect that the truth speaks of. `left_out`: what the dump says of a page; an answer that lacks a
    field must name such a page as one that it needed."""
    comparison = _Comparison(truth, answer, left_out)
    marks = {"pages": comparison.pages(), "verdict": comparison.verdict()}
    if truth["pages"]:
        marks |= {"type": comparison.types(), "blamed": comparison.blamed()}
    if any("cache" in page["details"] or _owner(page) for page in truth["pages"]):
        marks["object"] = comparison.objects()
    if truth["death"]["by"] in FAULTS:
        marks["function"] = comparison.function()
    if any(outcome is not None for outcome in truth["expected"]["what_if"].values()):
        marks["what-if"] = comparison.what_if()
    return marks


class _Comparison:
    def __init__(self, truth: dict[str, Any], answer: dict[str, Any], left_out: Callable[[int], bool]) -> None:
        self.truth, self.answer, self.left_out = truth, answer, left_out
        self.got = {int(page["pfn"], 16): page for page in answer["pages"]}
        unread = (answer.get("core") or {}).get("unread", ())
        self.holes = any(left_out(int(pfn, 16)) for pfn in unread)

    def found(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The pages of the truth with what was said of each."""
        return [(page, self.got[page["pfn"]]) for page in self.truth["pages"] if page["pfn"] in self.got]

    def pages(self) -> Mark:
        wanted, got = {page["pfn"] for page in self.truth["pages"]}, set(self.got)
        missed = [f"missed {pfn:#x}" for pfn in sorted(wanted - got)]
        return Mark([*missed, *(f"invented {pfn:#x}" for pfn in sorted(got - wanted))])

    def types(self) -> Mark:
        mark = Mark()
        for page, said in self.found():
            _field(mark, "type", None if said["type"] == "unknown" else said["type"], [page["type"]], self.holes)
        return mark

    def objects(self) -> Mark:
        mark = Mark()
        for page, said in self.found():
            detail = said.get("detail", {})
            if "cache" in page["details"]:
                self._object(mark, page, detail)
            for key, owner in _owner(page).items():
                named = owner if owner in detail.get("symbols", ()) else detail.get(key)
                _field(mark, key, named, [owner], self.holes)
        return mark

    def _object(self, mark: Mark, page: dict[str, Any], detail: dict[str, Any]) -> None:
        """The cache by any of its names, the slab object around the one of the truth (an inode is part of its file
        system's), and its path and memory cgroup. Where the page itself is left out, so is what stands on it; where the
        lab wrote over it, nobody can tell its path."""
        details, names = page["details"], {detail.get("cache"), *detail.get("aliases", ())}
        right = [details["cache"], *details["aliases"]]
        _field(mark, "cache", next((name for name in right if name in names), detail.get("cache")), right, self.holes)
        size, objects = detail.get("object_size") or 1, detail.get("objects")
        around = [each for each in objects or () if 0 <= page["object"] - int(each["address"], 16) < size]
        if not around:
            others = None if objects is None else f"not among {len(objects)}"
            _field(mark, "object", others, [f"{page['object']:#x}"], self.holes)
            return
        overwritten = self.truth["death"]["by"] == "scribble" and not page["innocent"]
        if "path" in around[0] or ("path" in details and not overwritten):
            left_out = self.holes or self.left_out(page["pfn"])
            _field(mark, "path", around[0].get("path"), [details.get("path")], left_out)
        if "memcg" in details:
            _field(mark, "memcg", around[0].get("memcg"), [details["memcg"]], self.holes)

    def function(self) -> Mark:
        mark, said = Mark(), (self.answer["crash"] or {}).get("function")
        _field(mark, "function", said, [self.truth["death"].get("function")], self.holes)
        return mark

    def verdict(self) -> Mark:
        wanted, verdict = self.truth["expected"], self.answer["verdict"]
        cause, confidence = (verdict["cause"], verdict["confidence"]) if verdict else ("unknown", "none")
        lower = LADDER.index(confidence) <= LADDER.index(wanted["confidence"])
        if cause == wanted["cause"] and (confidence == wanted["confidence"] or (wanted["at_most"] and lower)):
            return Mark()
        right = f"{wanted['cause']} {'<=' if wanted['at_most'] else ''}{wanted['confidence']}"
        return Mark([f"{cause} {confidence} for {right}"])

    def blamed(self) -> Mark:
        """The pages that are blamed; where a lower confidence is right too, blaming none is."""
        wanted = set(self.truth["expected"]["blamed"])
        said = {pfn for pfn, page in self.got.items() if page["blamed"]}
        right = said <= wanted if self.truth["expected"]["at_most"] else said == wanted
        return Mark([] if right else [f"{sorted(map(hex, said))} for {sorted(map(hex, wanted))}"])

    def what_if(self) -> Mark:
        answered = [each for each in self.answer["counterfactual"] or () if each["policy"] == POLICY]
        said, wrong = {each["pfn"]: each["would_panic"] for each in answered}, []
        for pfn, outcome in self.truth["expected"]["what_if"].items():
            right = None if outcome is None else "yes" if outcome else "no"
            if right and said.get(pfn) != right:
                wrong.append(f"{pfn}: {said.get(pfn)} for {right}")
        return Mark(wrong)


def _field(mark: Mark, name: str, said: object, right: list[Any], left_out: bool) -> None:
    """Mark a field unless it is one of the values that are right."""
    if said is None and left_out and right != [None]:
        mark.lost.append(name)
    elif said not in right:
        mark.wrong.append(f"{name} {said} for {right[0]}")


def _owner(page: dict[str, Any]) -> dict[str, str]:
    """Who a page that is no slab belongs to, as far as it can still be known: clean page cache and hugetlb lose it."""
    details = page["details"]
    if page["type"] in ("kernel-stack", "page-table", "anonymous"):
        return {"task": f"{details['comm']}[{details['pid']}]"}
    if page["kind"] in ("tmpfs", "dax"):
        return {"path": details["path"]}
    return {key: details[key] for key in ("symbol", "resource", "caller") if key in details}
