"""Judges the tool on the lab's cores: runs it as anyone would and compares what it says with truth.json."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cases import Case
from .deaths import FAULTS
from .paths import roots, runs
from .truth import TRUTH

LADDER = ("none", "weak", "likely", "strong", "proven")
ASPECTS = ("pages", "type", "object", "function", "verdict", "blamed", "what-if")
POLICY = "linux-7.3"
INTRODUCTION = """# Accuracy on the crash lab

Written by `python -m tests.lab judge --table FILE`; [lab.md](lab.md) says what is compared. `ok`: as in the truth;
`-`: the case has none; anything else is what was wrong. Seconds and peak memory are those of the whole process.
"""
MINICORE = "vmcore.minicore"
PATIENCE = 120  # seconds for one core, far above what any should take


@dataclass
class Judgement:
    """One core judged: for each aspect "" when right, else what was wrong."""

    case: str
    core: str
    seconds: float = 0.0
    megabytes: int = 0
    wrong: dict[str, str] = field(default_factory=dict)

    def row(self) -> str:
        """A line of the Markdown table."""
        marks = ["-" if aspect not in self.wrong else self.wrong[aspect] or "ok" for aspect in ASPECTS]
        return f"| {self.case} | {self.core} | {' | '.join(marks)} | {self.seconds:.2f} | {self.megabytes} |"


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
        judgement.wrong = {"pages": f"{len(answers)} cases instead of one"}
    else:
        judgement.wrong = compare(truth, answers[0])
    return judgement


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


def compare(truth: dict[str, Any], answer: dict[str, Any]) -> dict[str, str]:
    """Each aspect that the truth speaks of, with "" or what was wrong in it."""
    wrong = {"pages": _pages(truth, answer), "verdict": _verdict(truth, answer)}
    if truth["pages"]:
        wrong |= {"type": _types(truth, answer), "blamed": _blamed(truth, answer)}
    if any("cache" in page["details"] or _owner(page) for page in truth["pages"]):
        wrong["object"] = " ".join(filter(None, (_objects(truth, answer), _owners(truth, answer))))
    if truth["death"]["by"] in FAULTS:
        wrong["function"] = _function(truth, answer)
    if any(outcome is not None for outcome in truth["expected"]["what_if"].values()):
        wrong["what-if"] = _what_if(truth, answer)
    return wrong


def _by_pfn(answer: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {int(page["pfn"], 16): page for page in answer["pages"]}


def _pages(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    wanted, got = {page["pfn"] for page in truth["pages"]}, set(_by_pfn(answer))
    missed, invented = [hex(pfn) for pfn in sorted(wanted - got)], [hex(pfn) for pfn in sorted(got - wanted)]
    return " ".join([*(f"missed {pfn}" for pfn in missed), *(f"invented {pfn}" for pfn in invented)])


def _types(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    got = _by_pfn(answer)
    found = [(page["type"], got[page["pfn"]]["type"]) for page in truth["pages"] if page["pfn"] in got]
    return " ".join(f"{said} for {right}" for right, said in found if said != right)


def _objects(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    """The cache by any of its names, the slab object around the one of the truth (an inode is part of its
    file system's), and its path where the core says one for it."""
    got = _by_pfn(answer)
    wrong = []
    for page in truth["pages"]:
        detail = got.get(page["pfn"], {}).get("detail", {})
        if "cache" not in page["details"]:
            continue
        names = {page["details"]["cache"], *page["details"]["aliases"]}
        if not {detail.get("cache"), *detail.get("aliases", ())} & names:
            wrong.append(f"cache {detail.get('cache')} for {page['details']['cache']}")
        size = detail.get("object_size") or 1
        around = [each for each in detail.get("objects", ()) if 0 <= page["object"] - int(each["address"], 16) < size]
        if not around:
            wrong.append(f"object {page['object']:#x} not named")
        elif around[0].get("path", page["details"].get("path")) != page["details"].get("path"):
            wrong.append(f"path {around[0]['path']}")
        elif page["details"].get("memcg", around[0].get("memcg")) != around[0].get("memcg"):
            wrong.append(f"memory cgroup {around[0].get('memcg')} for {page['details']['memcg']}")
    return " ".join(wrong)


def _owner(page: dict[str, Any]) -> dict[str, str]:
    """Who a page that is no slab belongs to, as far as it can still be known: clean page cache and hugetlb lose it."""
    details = page["details"]
    if page["type"] in ("kernel-stack", "page-table", "anonymous"):
        return {"task": f"{details['comm']}[{details['pid']}]"}
    if page["kind"] in ("tmpfs", "dax"):
        return {"path": details["path"]}
    return {key: details[key] for key in ("symbol", "resource", "caller") if key in details}


def _owners(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    got = _by_pfn(answer)
    wrong = []
    for page in truth["pages"]:
        detail = got.get(page["pfn"], {}).get("detail", {})
        for key, owner in _owner(page).items():
            if owner != detail.get(key) and owner not in detail.get("symbols", ()):
                wrong.append(f"{key} {detail.get(key)} for {owner}")
    return " ".join(wrong)


def _function(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    said = (answer["crash"] or {}).get("function")
    return "" if said == truth["death"].get("function") else f"{said} for {truth['death'].get('function')}"


def _verdict(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    wanted, verdict = truth["expected"], answer["verdict"]
    cause, confidence = (verdict["cause"], verdict["confidence"]) if verdict else ("unknown", "none")
    lower = LADDER.index(confidence) <= LADDER.index(wanted["confidence"])
    fits = confidence == wanted["confidence"] or (wanted["at_most"] and lower)
    if cause == wanted["cause"] and fits:
        return ""
    return f"{cause} {confidence} for {wanted['cause']} {'<=' if wanted['at_most'] else ''}{wanted['confidence']}"


def _blamed(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    """The pages that are blamed; where a lower confidence is right too, blaming none is."""
    wanted = set(truth["expected"]["blamed"])
    said = {pfn for pfn, page in _by_pfn(answer).items() if page["blamed"]}
    right = said <= wanted if truth["expected"]["at_most"] else said == wanted
    return "" if right else f"{sorted(map(hex, said))} for {sorted(map(hex, wanted))}"


def _what_if(truth: dict[str, Any], answer: dict[str, Any]) -> str:
    said = {each["pfn"]: each["would_panic"] for each in answer["counterfactual"] or () if each["policy"] == POLICY}
    wrong = []
    for pfn, outcome in truth["expected"]["what_if"].items():
        right = None if outcome is None else "yes" if outcome else "no"
        if right and said.get(pfn) != right:
            wrong.append(f"{pfn}: {said.get(pfn)} for {right}")
    return " ".join(wrong)
