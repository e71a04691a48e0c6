"""The name of a crash: its title, type and the function to blame, by the convention of the public syzbot dashboard.

The rules are data (`grammars/signature/`, described in the README there): which header gives which title, and which
functions are never to blame.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from triage import resources
from triage.logs.blame import Name, Trail, follow, is_one
from triage.logs.doubt import doubt
from triage.logs.kinds._clues import Clue

# What differs from crash to crash, in this order: names of a fuzzer's processes, addresses, network addresses, source
# lines, places in functions, CPUs, numbers. A title without the text before a pattern has nothing for it.
CHANGING = (
    ("syz-", re.compile(r"syz-executor\.?\d+(?:[/:]\d+)?"), "syz-executor"),
    ("", re.compile(r"(?<![A-Za-z0-9])(?:0x)?(?=[a-f]*\d|f{6})[0-9a-f]{6,}"), "ADDR"),
    (".", re.compile(r"\d{1,3}(?:\.\d{1,3}){3}"), "IP"),
    (":", re.compile(r"(\.\w+)(?::\d+)+"), r"\1:LINE"),
    ("+0x", re.compile(r"([A-Za-z_][\w$]{0,127})(?:\.\w{1,64}){0,8}+\+0x[0-9a-z]+/0x[0-9a-z]+"), r"\1"),
    ("CPU#", re.compile(r"CPU#\d+"), "CPU"),
    ("", re.compile(r"(?<=\W)\d+(?!\w)"), "NUM"),
    ("", re.compile(r"\d{7,}"), "NUM"),
)
CHANGES = re.compile(r"\d|f{6}")  # what stands in all of them
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
TITLE_MAX = 120  # mixed lines can be very long
# Where a report that the convention trusts with no name may still show a function.
GUESSES = ("header", "pointer", "call frames", "frames", "pointer!", "header!")
NOBODY = "corrupted"  # stands for a function that the report does not give


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of titles.toml."""

    header: re.Pattern[str]
    title: str
    type: str = "UNKNOWN"
    alt: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()  # paths through the clues; the first that names somebody counts, else the last
    several: bool = False  # whether the header goes on over several lines
    pick: str = "first"  # which function of a trace (blame.PICKS)
    skip: re.Pattern[str] | None = None  # functions that this class of crash never blames
    stack: bool = True  # whether a whole report has a call trace
    corrupted: str | None = None  # why a report of this kind is never whole
    alone: bool = False  # only where no rule knows another line


@cache
def rules() -> tuple[Rule, ...]:
    """The title rules in their order."""
    table = tomllib.loads((resources.folder("grammars") / "signature" / "titles.toml").read_text(encoding="utf-8"))
    return tuple(rule(entry) for entry in table["rule"])


def rule(entry: dict[str, Any]) -> Rule:
    """One entry, its patterns compiled."""
    skip = re.compile("|".join(entry.pop("skip"))) if "skip" in entry else None
    several = "\\n" in entry["header"] or "\\S]" in entry["header"]
    lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    return Rule(**{**entry, **lists, "header": re.compile(entry["header"], re.M), "skip": skip, "several": several})


def names(
    header: tuple[str, ...], function: str | None, clues: tuple[Clue, ...] = (), whole: tuple[Clue, ...] = ()
) -> dict[str, Any]:
    """Title, alternative titles, type, blamed function of a crash and the reason to distrust it: fields of the model.

    `function`: where it crashed; `whole`: the clues with those behind the report, where another one began inside it.
    """
    found = match(header)
    if found is None:
        where = f" in {function}" if function else ""
        title = plain(header[0]) if header else f"unknown crash{where}"
        return {"title": title, "corrupted": "no line says what happened"}
    rule, words = found
    trail = blamed(rule, clues)
    title, *others = (plain(one) for one in dict.fromkeys(spelled(rule, words, trail.names if trail else ())))
    frame = trail.names[0] if trail else None
    if trail and not frame:
        frame = guess(rule, clues)
    return {
        "title": title,
        "alt_titles": tuple(sorted(set(others) - {title})),
        "type": rule.type,
        "frame": frame.canonical if frame else None,
        "corrupted": doubt(title, whole or clues, trail, reason=rule.corrupted, stack=rule.stack),
    }


def match(header: tuple[str, ...]) -> tuple[Rule, dict[str, str]] | None:
    """The rule for the first line that one knows, and the words it took from there."""
    for alone in (False, True):
        for place, line in enumerate(header):
            text = "\n".join(header[place:])
            for rule in rules():
                found = rule.header.search(text if rule.several else line) if rule.alone == alone else None
                if found and found.start() <= len(
                    line
                ):  # it may begin anywhere in a line, and go on over the next ones
                    return rule, {name: word or "" for name, word in found.groupdict().items()}
    return None


def blamed(rule: Rule, clues: tuple[Clue, ...]) -> Trail | None:
    """What the first path gives that names somebody, else the last; None where a title names nobody."""
    trail = None
    for path in rule.frame:
        trail = follow(clues, path, rule.skip, rule.pick)
        if trail.names[0]:
            break
    return trail


def guess(rule: Rule, clues: tuple[Clue, ...]) -> Name | None:
    """The function that a report shows, where the convention trusts it with none: its field, not its title.

    Of what does not go on, a function that only goes to sleep says nothing.
    """
    names = (follow(clues, path, rule.skip, "first").names[0] for path in GUESSES)
    waits = rule.pick != "first"
    return next((name for name in names if name and not (waits and is_one("sleep", name.canonical))), None)


def spelled(rule: Rule, words: dict[str, str], names: tuple[Name | None, ...]) -> list[str]:
    """The title, then its other forms: under the names of the crash's class, and by the function's full name."""
    frame, origin = (names[0] if names else None), (names[-1] if names else None)
    titles = [form.format(**words, frame=word(frame), origin=word(origin)) for form in (rule.title, *rule.alt)]
    for name in frame.spellings() if frame else ():
        titles += [form.format(**words, frame=name, origin=word(origin)) for form in (rule.title, *rule.alt)]
    return titles


def word(name: Name | None) -> str:
    """The function's one name, or the word for none."""
    return name.canonical if name else NOBODY


def plain(title: str) -> str:
    """A title without what differs from crash to crash: `age=57 at ffff8801d2c8faf4` is `age=NUM at ADDR`."""
    if CHANGES.search(title):
        for needed, pattern, text in CHANGING:
            if needed in title:
                title = pattern.sub(text, title)
    return " ".join(UNPRINTABLE.sub("", title.replace("\t", " "))[:TITLE_MAX].split())
