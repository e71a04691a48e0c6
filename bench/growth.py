"""`python -m bench.growth [NAME...]`: every regular expression and every grammar of the package on the input that is
worst for it, and what twice as much of that costs: about 2 where work is linear.

The inputs are made from the expression: for each of its repetitions what leads there and then what it repeats, with
each character that it takes, ending as nothing may end, and many such beginnings one behind the other. The slowest per
character is the worst. Ratios are of processor time, the best of some runs, taken in turn.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import triage
from triage.inputs import LogText, layouts
from triage.logs import grammar
from triage.logs.lines import LINE_LIMIT
from triage.logs.parse import Parser
from triage.redact import Redactor, looks

LOGS = Path(__file__).parents[1] / "tests" / "fixtures" / "logs"
USES = {"match": "match", "fullmatch": "fullmatch", "search": "search"} | dict.fromkeys(
    ("finditer", "findall", "sub", "split"), "finditer"
)
ALPHABET = "a0 :./-_fx,=@[(\t\"'Z\\"
MANY = 8  # a repetition of fewer is no danger
PATH_LIMIT = 4096
LONG, ENOUGH, STUCK = 1 << 18, 0.004, 0.3  # characters; seconds at which growth is measured, and at which a test ends


@dataclass(frozen=True)
class Expression:
    """One regular expression as it is used."""

    name: str
    pattern: re.Pattern[Any]
    use: str
    longest: int = LONG  # characters that it can meet

    def run(self, text: str) -> None:
        """Use it."""
        subject = text if isinstance(self.pattern.pattern, str) else text.encode("latin-1")
        if self.use == "finditer":
            deque(self.pattern.finditer(subject), maxlen=0)
        else:
            getattr(self.pattern, self.use)(subject)


# ------------------------------------------------------------ what there is


def modules() -> Iterator[Any]:
    """All modules of the package that can be loaded here."""
    for found in pkgutil.walk_packages(triage.__path__, "triage."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def expressions() -> Iterator[Expression]:
    """Those in variables of modules, those in calls of `re`, and those that are put together at run time."""
    known = list(modules())
    trees = {module: ast.parse(Path(module.__file__).read_text()) for module in known}
    uses: dict[str, set[str]] = {}  # "module.NAME", or ".NAME" of another module's -> methods
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in USES:
                owner = node.value
                name = (
                    f".{owner.attr}" if isinstance(owner, ast.Attribute) else f"{module.__name__}.{ast.unparse(owner)}"
                )
                uses.setdefault(name, set()).add(USES[node.attr])
    used: dict[re.Pattern[Any], tuple[str, set[str]]] = {}  # where it is imported, too
    for module in known:
        for variable, value in vars(module).items():
            name = f"{module.__name__}.{variable}"
            for pattern in patterns(value):
                used.setdefault(pattern, (name, set()))[1].update(uses.get(name, ()), uses.get(f".{variable}", ()))
    for pattern, (name, ways) in used.items():
        for use in sorted(ways) or ["search"]:
            yield Expression(name, pattern, use)
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"re.{use}" for use in USES} and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant):
                    use = USES[node.func.attr]  # type: ignore[attr-defined]
                    yield Expression(f"{module.__name__}:{node.lineno}", re.compile(text.value), use)
    yield Expression("triage.redact.looks()", looks(), "search")
    redactor = Redactor()
    redactor.learn(host="srv9.acme.example", user="mallory", path="/srv/a/b")
    yield Expression("triage.redact.Redactor.known()", redactor.known(), "search")  # type: ignore[arg-type]
    for layout in layouts.LAYOUTS:
        texts = [x for each in layout.wanted for x in each] + [x for x, _ in layout.facts] + [layout.unwanted]
        for text in (rf"(?P<root>(?:.*/)?)(?:{layout.sign})", *texts):
            yield Expression(f"layout {layout.name}", re.compile(text), "fullmatch", PATH_LIMIT)
    for name in sorted(grammar.kinds()):
        for terminal, (_, text) in grammar.load(name).terminals.items():
            yield Expression(f"grammar {name} {terminal}", re.compile(text), "match", LINE_LIMIT)


def patterns(value: Any, depth: int = 0) -> Iterator[re.Pattern[Any]]:
    """The compiled expressions in a value."""
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, dict):
        for part in value.values():
            yield from patterns(part, depth + 1)
    elif depth < 4 and isinstance(value, (tuple, list, frozenset)):
        for part in value:
            yield from patterns(part, depth + 1)
    elif depth < 4 and is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from patterns(getattr(value, field.name), depth + 1)


# ------------------------------------------------------------ the worst input


def worst(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """(before, repeated, behind) of texts that make the most of each repetition."""
    text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    tree = parser.parse(text, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags)
    made = dict[tuple[str, str, str], None]()
    for favourite in ALPHABET:
        for before, unit in repetitions(tree, favourite):
            for behind in ("\0", ""):
                made[before, unit, behind] = None
            made["", before + unit, ""] = None
            made["", before + unit * 3, "\0"] = None
    yield from (each for each in made if each[1])


def repetitions(items: Any, favourite: str, before: str = "") -> Iterator[tuple[str, str]]:
    """(what leads to a repetition, what it repeats), of all that are in a parsed expression."""
    for kind, value in items:
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            if value[1] > MANY:
                yield before, example(value[2], favourite)
            yield from repetitions(value[2], favourite, before)
        for inner in branches(kind, value):
            yield from repetitions(inner, favourite, before)
        before += example([(kind, value)], favourite)


def branches(kind: Any, value: Any) -> list[Any]:
    """The expressions inside a part that is no repetition."""
    if kind is op.BRANCH:
        return list(value[1])
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


def example(items: Any, favourite: str) -> str:
    """A short text that an expression takes, of one character wherever it takes that."""
    out = ""
    for kind, value in items:
        if kind is op.LITERAL:
            out += chr(value)
        elif kind in (op.IN, op.NOT_LITERAL, op.ANY):
            out += next((c for c in (favourite, *ALPHABET, *map(chr, range(33, 256))) if takes(kind, value, c)), "")
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            out += example(value[2], favourite) * min(value[0], 64)
        elif kind is op.BRANCH:
            out += max((example(each, favourite) for each in value[1]), key=lambda text: text.count(favourite))
        elif kind not in (op.ASSERT, op.ASSERT_NOT):
            out += "".join(example(each, favourite) for each in branches(kind, value))
    return out


def takes(kind: Any, value: Any, char: str) -> bool:
    """Whether a set of characters has one in it."""
    code = ord(char)
    if kind is op.ANY:
        return char != "\n"
    if kind is op.NOT_LITERAL:
        return code != value
    told = any(
        code == what
        if how is op.LITERAL
        else what[0] <= code <= what[1]
        if how is op.RANGE
        else CATEGORIES[what](char)
        if how is op.CATEGORY
        else False
        for how, what in value
    )
    return told != (value[0][0] is op.NEGATE)


CATEGORIES: dict[Any, Callable[[str], bool]] = {
    op.CATEGORY_DIGIT: str.isdigit, op.CATEGORY_SPACE: str.isspace, op.CATEGORY_WORD: lambda c: c.isalnum() or c == "_",
    op.CATEGORY_NOT_DIGIT: lambda c: not c.isdigit(), op.CATEGORY_NOT_SPACE: lambda c: not c.isspace(),
    op.CATEGORY_NOT_WORD: lambda c: not (c.isalnum() or c == "_"),
}  # fmt: skip


# ------------------------------------------------------------ what it costs


def seconds(action: Callable[[], object], runs: int = 1) -> float:
    """Processor time, the best of some runs."""
    best = float("inf")
    for _ in range(runs):
        began = time.process_time()
        action()
        best = min(best, time.process_time() - began)
    return best


def text_of(parts: tuple[str, str, str], size: int) -> str:
    """A text of about that many characters."""
    before, unit, behind = parts
    return before + unit * max(1, (size - len(before) - len(behind)) // len(unit)) + behind


def slowest(one: Expression) -> tuple[str, str, str] | None:
    """The parts of the text on which an expression is slowest; None if nothing in it repeats."""
    found, worst_yet = None, -1.0
    for parts in worst(one.pattern):
        for size in (32, 128, 512, 2048):
            text = text_of(parts, min(size, one.longest))
            took = seconds(partial(one.run, text))
            if took > STUCK:
                return parts
        if took / len(text) > worst_yet:
            found, worst_yet = parts, took / len(text)
    return found


def growth(one: Expression, parts: tuple[str, str, str]) -> tuple[int, float, float]:
    """(characters, seconds, how many times that for twice as many)."""
    size = 16
    while size * 2 < one.longest and seconds(partial(one.run, text_of(parts, size))) < ENOUGH:
        size *= 2
    single, double = text_of(parts, size), text_of(parts, 2 * size)
    if seconds(lambda: one.run(single)) > STUCK:
        return size, STUCK, float("inf")
    repeats = max(1, int(ENOUGH / max(seconds(lambda: one.run(single), 3), 1e-7)))

    def often(text: str) -> float:
        return seconds(lambda: [one.run(text) for _ in range(repeats)], 5) / repeats

    took = often(single)
    return size, took, often(double) / took


def records(name: str) -> tuple[int, float, float]:
    """(lines, seconds, ratio) of a record whose lines never end: of all lines of this kind's samples, each repeated
    behind those before it, the slowest."""
    slowest, most = b"", 0.0
    tails = dict[bytes, bytes]()
    for path in sorted(LOGS.glob(f"{name}-*.log"))[:3]:
        lines = path.read_bytes().partition(b"\n\n")[2].splitlines()[:60]
        for at, line in enumerate(lines):
            head, tail = b"\n".join(lines[: at + 1]) + b"\n", line + b"\n"
            tails[head] = tail
            took = seconds(partial(read, head + tail * 500))
            if took > most:
                slowest, most = head, took
    single, double = (seconds(partial(read, slowest + tails[slowest] * count), 5) for count in (2000, 4000))
    return 2000, single, double / single


def read(data: bytes) -> None:
    """All events of a log."""
    deque(Parser(LogText(name="bench", data=data)).events(), maxlen=0)


def main() -> None:
    wanted = sys.argv[1:]
    print(f"{'expression':58} {'use':9} {'chars':>7} {'ns/char':>8} {'2 x':>6}  worst input", flush=True)
    seen = set[tuple[object, str]]()
    for one in expressions():
        if (one.pattern, one.use) in seen or (wanted and not any(word in one.name for word in wanted)):
            continue
        seen.add((one.pattern, one.use))
        parts = slowest(one)
        if parts is None:
            print(f"{one.name:58} {one.use:9} {'':7} {'':8} {'':6}  repeats nothing")
            continue
        size, took, ratio = growth(one, parts)
        shown = f"{parts[0]!r:.40} + {parts[1]!r:.40} ... + {parts[2]!r}"
        print(f"{one.name:58} {one.use:9} {size:7} {took / size * 1e9:8.1f} {ratio:6.2f}  {shown}", flush=True)
    print(f"{'grammar: a record whose lines never end':58} {'':9} {'lines':>7} {'us/line':>8} {'2 x':>6}")
    for name in sorted(grammar.kinds()):
        if not wanted or name in wanted:
            count, took, ratio = records(name)
            print(f"{name:58} {'':9} {count:7} {took / count * 1e6:8.1f} {ratio:6.2f}", flush=True)


if __name__ == "__main__":
    main()
