"""What in a report can name the function to blame, in the order of its lines.

A report is read like a console is read by a person: from its header on, until another report begins or the panic that
follows it repeats everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from triage.logs.grammar import LineToken
from triage.logs.kinds import _registers
from triage.logs.kinds._frames import SITE, entries, is_frame, plain, terminal

ENOUGH = 22  # lines before a panic that make a report of their own: what the panic prints then repeats it
BEGINS = re.compile(r"(?i)call trace|backtrace|(?:allocated|freed) by task \d+$|uninit was stored")
SYMBOL = re.compile(r"[A-Za-z_][\w.]*(?: \(\S+:\d+[ )].*| *)$")  # a function alone, or with its source line
TELLING = {"function", "pc", "interrupt", "locked_in", "heading", "badaddr", "no_stack", "first"}  # groups of terminals
WARN_TRAP = "700"  # powerpc: how WARN() and BUG() reach the kernel


class Clue(NamedTuple):
    """One line that says something of where the crash is, or that a trace begins."""

    kind: str  # header, pointer, trace, heading, frame, aside, lock, interrupt, none
    name: str  # a function without suffixes, or the text of a heading


def clues(tokens: list[LineToken], header: Iterable[LineToken]) -> tuple[Clue, ...]:
    """The clues of a report up to a panic that only repeats it."""
    headers, found = {id(token) for token in header}, list[Clue]()
    alone = tokens[0].line.prefix.caller is not None  # the printer stands in its lines: they cannot be another's
    for token in tokens:
        if terminal(token) == "FRAME_ARM" and all(clue.kind != "trace" for clue in found):
            found.append(Clue("trace", "Backtrace"))  # before 5.18 32-bit arm announces none
        if "panic" in token.fields and token.line.number - tokens[0].line.number >= ENOUGH:
            break
        if "mixed" in token.fields and not alone:
            break
        if not TELLING.isdisjoint(token.fields):
            found += said(token, header=id(token) in headers)
    return tuple(found)


def said(token: LineToken, *, header: bool) -> Iterator[Clue]:
    """The clues of one line."""
    fields = token.fields
    if header and fields.get("function"):
        yield Clue("header", plain(fields["function"] or ""))
    elif fields.get("pc") and not (fields["pc"] or "").endswith("[inline]"):
        yield Clue("pointer", "" if _registers.is_user(token) else place(fields["pc"]))
    elif trap := fields.get("interrupt"):
        yield Clue(("pointer" if trap == WARN_TRAP else "interrupt"), place(fields["interrupted"]))
    elif fields.get("locked_in"):
        yield Clue("lock", plain(fields["locked_in"] or ""))
    elif heading := fields.get("heading"):
        yield Clue(("trace" if BEGINS.match(heading) else "heading"), heading)
    elif fields.get("badaddr") and fields.get("cause"):
        yield Clue("trace", "registers")  # riscv: the stack follows without a heading, if at all
    elif "no_stack" in fields:
        yield Clue("none", "")
    if is_frame(token):
        kind = "aside" if fields.get("first") else "frame"  # `<EOI> foo+0x1/0x2` is no entry of its own
        for entry in entries(token, inside=False):
            if not entry.get("doubt") and entry.get("mark") != "unreliable" and not entry.get("inline"):
                yield Clue(kind, plain(entry["function"] or ""))


def place(text: str | None) -> str:
    """The function of an instruction pointer; empty for a bare address and in user space."""
    found = SITE.match(text or "")
    return plain(found["function"]) if found and (found["offset"] or SYMBOL.match(text or "")) else ""
