"""Call traces and the place of a crash, out of the lines of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from triage.logs.grammar import LineToken
from triage.logs.kinds import _registers
from triage.logs.kinds._fields import number
from triage.model import Frame, Trace

SITE = re.compile(
    r"\.?(?P<function>[A-Za-z_$][\w.$]*)(?:\+(?P<offset>0x[0-9a-f]+|\d+)/(?P<size>0x[0-9a-f]+|\d+))?"
    r"(?: \[(?P<module>[\w-]+)(?: [0-9a-f]{8,40})?\])?"
)
SUFFIX = re.compile(r"\.(?:isra|constprop|part|cold|llvm|lto_priv|localalias|clone)\b.*")


def terminal(token: LineToken) -> str:
    """The terminal's own name: lark puts the files' names in front of imported ones."""
    return own_name(token.type)


@cache
def own_name(type_: str) -> str:
    """The last part of a terminal's name."""
    return type_.rpartition("__")[2]


def is_frame(token: LineToken) -> bool:
    """Whether the line belongs to a call trace."""
    return of_trace(token.type)


@cache
def of_trace(type_: str) -> bool:
    """Whether lines of a terminal belong to a call trace."""
    return own_name(type_).startswith(("FRAME", "STACK", "TRACE"))


def pointer(tokens: list[LineToken]) -> str | None:
    """The first instruction pointer inside the kernel: `d_lookup+0x5c/0x220`."""
    return next((t.fields["pc"] for t in tokens if t.fields.get("pc") and kernel_pointer(t)), None)


def kernel_pointer(token: LineToken) -> bool:
    """False for a user-space pointer, and for the line that a symbolizer adds for an inlined function."""
    return not _registers.is_user(token) and not (token.fields.get("pc") or "").endswith("[inline]")


def site(pc: str | None, values: dict[str, Any]) -> dict[str, Any]:
    """Where it crashed: at the instruction pointer, else in the function that the header names (`values`)."""
    found = SITE.match(pc or values.get("function") or "")
    if found is None:
        return {}
    fields = {name: found[name] or (None if pc else values.get(name)) for name in ("offset", "size", "module")}
    return {
        "function": plain(found["function"]),
        "offset": size(fields["offset"]),
        "size": size(fields["size"]),
        "module": fields["module"],
    }


def plain(function: str) -> str:
    """A function's name without what compilers append: `foo.isra.0.cold` is `foo`."""
    return SUFFIX.sub("", function) if "." in function else function


def size(text: str | None) -> int | None:
    """The number of a `+0x5c/0x220`; some tools print it decimal."""
    return number(text, 16 if text and text.startswith("0x") else 10)


def trace(heading: LineToken | None, tokens: list[LineToken]) -> Trace | None:
    """One call trace, None where there is none."""
    frames, stack = list[Frame](), None
    for token in ([heading] if heading else []) + tokens:
        if token.fields.get("interrupt"):  # powerpc marks the end of an interrupt's frames, not their begin
            frames = [replace(frame, stack="IRQ") for frame in frames]
        stack = None if token.fields.get("stack_end") else token.fields.get("stack") or stack
        for fields in entries(token, inside=heading is not None):
            callee = frames[-1].function if frames else None
            if terminal(token) != "FRAME_ARM" or callee != plain(fields["function"] or ""):
                frames.append(frame_of(fields, stack))
    if not frames and (heading is None or any("no_stack" in token.fields for token in tokens)):
        return None
    return Trace(heading=heading.fields["heading"] or "" if heading else "", frames=tuple(frames))


def entries(token: LineToken, *, inside: bool) -> Iterator[dict[str, str | None]]:
    """The frames of a line: its own, behind a mark (`<IRQ> foo+0x1/0x2`), a pointer in a trace, callee and caller."""
    text = token.fields.get("first")
    if not text and inside and kernel_pointer(token):
        text = token.fields.get("pc")
    if text:
        found = SITE.match(text.strip(" ?"))
        yield from [found.groupdict()] if found else []
    elif is_frame(token) and token.fields.get("function"):
        yield token.fields
    if token.fields.get("caller"):
        fields = {name: token.fields[f"caller_{name}"] for name in ("offset", "size", "module")}
        yield {"function": token.fields["caller"], **fields}


def frame_of(fields: dict[str, str | None], stack: str | None) -> Frame:
    """One entry of a trace."""
    place, _, line = (fields.get("place") or "").rpartition(":")
    return Frame(
        function=plain(fields["function"] or ""),
        offset=size(fields.get("offset")),
        size=size(fields.get("size")),
        module=fields.get("module"),
        reliable=not fields.get("doubt") and fields.get("mark") != "unreliable",
        inline=bool(fields.get("inline")),
        file=place or None,
        line=number(line) or None,  # faddr2line prints 0 for what it does not know
        address=number(fields.get("address"), 16),
        stack=stack,
    )
