"""The name of a crash: its title, type and the function to blame, by the convention of the public syzbot dashboard.

The rules are data (`grammars/signature/`, described in the README there): which header gives which title, and which
functions are never to blame.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from triage import resources
from triage.logs.blame import Blame, canonical
from triage.logs.doubt import doubt
from triage.model import Crash

CHANGING = (
    (re.compile(r"([A-Za-z_][\w$]*)(?:\.\w+)*\+0x[0-9a-f]+/0x[0-9a-f]+"), r"\1"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)[0-9a-f]{8,16}\b"), "ADDR"),
    (re.compile(r"(\.[chS]):\d+"), r"\1:LINE"),
    (re.compile(r"\bCPU#\d+"), "CPU"),
    (re.compile(r"(?<!\w)\d+(?!\w)"), "NUM"),
)
NOBODY = "corrupted"  # stands for a function that the report does not give


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of titles.toml."""

    header: re.Pattern[str]
    title: str
    type: str = "UNKNOWN"
    alt: tuple[str, ...] = ()
    frame: tuple[str, ...] = ()  # where to look for the function, in this order (blame.SOURCES)
    skip: re.Pattern[str] | None = None  # functions that this class of crash never blames
    stack: bool = True  # whether a whole report has a call trace


@cache
def rules() -> tuple[Rule, ...]:
    """The title rules in their order."""
    table = tomllib.loads((resources.folder("grammars") / "signature" / "titles.toml").read_text(encoding="utf-8"))
    return tuple(rule(entry) for entry in table["rule"])


def rule(entry: dict[str, Any]) -> Rule:
    """One entry, its patterns compiled."""
    skip = re.compile("|".join(entry.pop("skip"))) if "skip" in entry else None
    lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
    return Rule(**{**entry, **lists, "header": re.compile(entry["header"], re.M), "skip": skip})


def named(crash: Crash) -> Crash:
    """The crash with title, alternative titles, type, blamed function and the reason to distrust it."""
    found = match("\n".join(crash.header))
    if found is None:
        where = f" in {crash.function}" if crash.function else ""
        title = plain(crash.header[0]) if crash.header else f"unknown crash{where}"
        return replace(crash, title=title, corrupted="no line says what happened")
    rule, words = found
    frame = Blame(crash, rule.skip).choose(rule.frame)
    titles = spelled(rule, words, frame)
    return replace(
        crash,
        title=titles[0],
        alt_titles=tuple(sorted(set(titles[1:]) - {titles[0]})),
        type=rule.type,
        frame=canonical(frame, rule.type) if frame else None,
        corrupted=doubt(crash, stack=rule.stack, frameless=bool(rule.frame) and frame is None),
    )


def match(header: str) -> tuple[Rule, dict[str, str]] | None:
    """The first rule that knows the header, and the words it took from it."""
    for rule in rules():
        if found := rule.header.search(header):
            return rule, {name: text or "" for name, text in found.groupdict().items()}
    return None


def spelled(rule: Rule, words: dict[str, str], frame: str | None) -> list[str]:
    """The title, then its other spellings: with the function's full name, and under the names of the crash's class."""
    names = dict.fromkeys([canonical(frame, rule.type), frame] if frame else [NOBODY])
    return [plain(form.format(**words, frame=name)) for form in (rule.title, *rule.alt) for name in names]


def plain(title: str) -> str:
    """A title without what differs from crash to crash: `age=57 at ffff8801d2c8faf4` is `age=NUM at ADDR`."""
    for pattern, text in CHANGING:
        title = pattern.sub(text, title)
    return title.strip()
