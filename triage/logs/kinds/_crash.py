"""What the crash families share: the lines of one report, in the order of the log, to the fields of `model.Crash`.

The first value of a field wins, because the crash comes before what it drags along; registers printed behind a user-space
instruction pointer go to `user_registers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from triage.logs import signature
from triage.logs.grammar import LineToken
from triage.logs.kinds import _registers
from triage.logs.kinds._fields import merge, number
from triage.model import Crash, Event, Frame, Trace

SITE = re.compile(
    r"\.?(?P<function>[A-Za-z_$][\w.$]*)(?:\+(?P<offset>0x[0-9a-f]+|\d+)/(?P<size>0x[0-9a-f]+|\d+))?"
    r"(?: \[(?P<module>[\w-]+)(?: [0-9a-f]{8,40})?\])?"
)
SUFFIX = re.compile(r"\.(?:isra|constprop|part|cold|llvm|lto_priv|localalias|clone)\b.*")
MODULE = re.compile(r"([A-Za-z_][\w-]*)(?:\([A-Z+-]*\))?")
HEADLESS_LINES = 3  # a log that begins inside a report shows the rest of it in its first lines
TAINT_NAME = re.compile(r"\[([A-Z])\]=")


class Fields:
    """The rules of every crash grammar: a call trace, and the record."""

    def trace(self, tokens: list[LineToken]) -> list[LineToken]:
        """A heading and the lines up to the next one."""
        return tokens

    def start(self, parts: list[LineToken | list[LineToken]]) -> dict[str, Any]:
        """The fields of `model.Crash` that stand in the lines themselves, and `values`: all named groups of the lines."""
        tokens = [token for part in parts for token in (part if isinstance(part, list) else [part])]
        loose = [part for part in parts if not isinstance(part, list)]
        traces = [trace(None, loose), *(trace(part[0], part[1:]) for part in parts if isinstance(part, list))]
        return facts(tokens) | {"traces": tuple(t for t in traces if t)}


def terminal(token: LineToken) -> str:
    """The terminal's own name: lark puts the files' names in front of imported ones."""
    return token.type.rpartition("__")[2]


def is_frame(token: LineToken) -> bool:
    """Whether the line is an entry of a call trace."""
    return terminal(token).startswith(("FRAME", "STACK", "TRACE"))


def facts(tokens: list[LineToken]) -> dict[str, Any]:
    """Everything that is not a trace."""
    values = merge(token for token in tokens if not is_frame(token))
    registers, user = _registers.read(tokens)
    own = [token for token in tokens if "__" not in token.type and token.type != "RULE"]
    panics = [token for token in tokens if terminal(token) in ("PANIC", "PANIC_END")]
    return {
        "values": values,
        "header": tuple(token.line.body.strip() for token in own or panics),
        **site(tokens, values),
        **who(values),
        "registers": registers,
        "user_registers": user,
        "arch": _registers.architecture(tokens),
        "code": values.get("code"),
        "modules": tuple(MODULE.findall(values.get("modules", "").partition("[")[0])),
        "panic": values.get("panic"),
        "panicked": bool(panics),
        "complete": any(terminal(token) in ("END", "PANIC_END", "RULE") for token in tokens),
        **memory(values, registers),
        "detail": detail(tokens),
    }


def detail(tokens: list[LineToken]) -> dict[str, Any]:
    """What only some families print."""
    own = [token for token in tokens if "__" not in token.type]
    found = {
        "named": [plain(name) for token in own if (name := token.fields.get("function"))],
        "locked_in": [plain(name) for token in tokens if (name := token.fields.get("locked_in"))],
        "processors": list(dict.fromkeys(where for token in tokens if (where := processor(token)))),
        "lost_lines": sum(int(token.fields["lost"] or 0) for token in tokens if "lost" in token.fields),
    }
    return {name: value for name, value in found.items() if value}


def processor(token: LineToken) -> str | None:
    """The CPU and task that a `CPU:` line or a header names."""
    cpu, pid = token.fields.get("cpu"), token.fields.get("pid")
    return f"{cpu} {pid}" if cpu and pid else None


def who(values: dict[str, Any]) -> dict[str, Any]:
    """Task, CPU, kernel and machine."""
    letters = dict.fromkeys(values.get("taint", "").replace("G", "").replace(" ", ""))
    letters |= dict.fromkeys(TAINT_NAME.findall(values.get("taints", "")))
    return {
        "task": values.get("task"),
        "pid": number(values.get("pid")),
        "uid": number(values.get("uid")),
        "cpu": number(values.get("cpu")),
        "kernel": values.get("kernel"),
        "kdump_loaded": "kdump" in values,
        "taint": tuple(letters),
        "hardware": values.get("hardware") or None,
        "workqueue": values.get("workqueue"),
    }


def memory(values: dict[str, Any], registers: dict[str, int]) -> dict[str, Any]:
    """What the report says of the access that failed; units are bytes."""
    kib, address = number(values.get("page_kib")), values.get("fault_address")
    return {
        "fault_address": number(address, 16) if address else _registers.fault_address(registers),
        "esr": number(values.get("esr"), 16),
        "error_code": number(values.get("error_code"), 16),
        "page_size": kib * 1024 if kib else None,
        "va_bits": number(values.get("va_bits")),
    }


def site(tokens: list[LineToken], values: dict[str, Any]) -> dict[str, Any]:
    """Where it crashed: the first kernel instruction pointer, else the function that the header names."""
    pointer = next(
        (t.fields["pc"] for t in tokens if t.fields.get("pc") and not _registers.is_user(t) and not inlined(t)), None
    )
    found = SITE.match(pointer or values.get("function") or "")
    if found is None:
        return {}
    where = {name: found[name] or values.get(name) for name in ("offset", "size", "module")}
    return {
        "function": plain(found["function"]),
        "offset": size(where["offset"]),
        "size": size(where["size"]),
        "module": where["module"],
    }


def inlined(token: LineToken) -> bool:
    """Whether a symbolizer added the line for an inlined function, before the real one."""
    return (token.fields.get("pc") or "").endswith("[inline]")


def plain(function: str) -> str:
    """A function's name without what compilers append: `foo.isra.0.cold` is `foo`."""
    return SUFFIX.sub("", function)


def size(text: str | None) -> int | None:
    """The number of a `+0x5c/0x220`; s390's old releases and some tools print it decimal."""
    return number(text, 16 if text and text.startswith("0x") else 10)


def trace(heading: LineToken | None, tokens: list[LineToken]) -> Trace | None:
    """One call trace, None where there is none; an instruction pointer inside it is the frame that an interrupt or exception struck."""
    frames, stack = list[Frame](), None
    for token in ([heading] if heading else []) + tokens:
        if token.fields.get("interrupt"):  # powerpc marks the end of an interrupt's frames, not their begin
            frames = [replace(entry, stack="IRQ") for entry in frames]
        stack = None if token.fields.get("stack_end") else token.fields.get("stack") or stack
        for fields in entries(token, inside=heading is not None):
            if not (
                terminal(token) == "FRAME_ARM" and frames and frames[-1].function == plain(fields["function"] or "")
            ):
                frames.append(frame(fields, stack))
    if not frames and (heading is None or any("no_stack" in token.fields for token in tokens)):
        return None
    return Trace(heading=heading.fields["heading"] or "" if heading else "", frames=tuple(frames))


def entries(token: LineToken, *, inside: bool) -> Iterator[dict[str, str | None]]:
    """The frames of a line: of its own, behind a mark (`<IRQ> foo+0x1/0x2`), an instruction pointer inside a trace, or callee and caller."""
    text = token.fields.get("first")
    if not text and inside and not _registers.is_user(token) and not inlined(token):
        text = token.fields.get("pc")
    if text:
        found = SITE.match(text.strip(" ?"))
        yield from [found.groupdict()] if found else []
    elif is_frame(token) and token.fields.get("function"):
        yield token.fields
    if token.fields.get("caller"):
        yield {name: token.fields[f"caller_{name}"] for name in ("offset", "size", "module")} | {
            "function": token.fields["caller"]
        }


def frame(fields: dict[str, str | None], stack: str | None) -> Frame:
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
        line=number(line),
        address=number(fields.get("address"), 16),
        stack=stack,
    )


def crash(fields: dict[str, Any], base: dict[str, Any], **known: Any) -> list[Event]:
    """The crash with its name."""
    del fields["values"]
    return [signature.named(Crash(**base, **{**fields, **known}))]
