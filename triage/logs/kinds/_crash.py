"""What the crash families share: the lines of one report, in the order of the log, to the fields of `model.Crash`.

The first value of a field wins, because the crash comes before what it drags along; registers printed behind a
user-space instruction pointer go to `user_registers`.
"""

from __future__ import annotations

import re
from typing import Any

from triage.logs import signature
from triage.logs.grammar import LineToken
from triage.logs.kinds import _registers
from triage.logs.kinds._clues import clues
from triage.logs.kinds._fields import merge, number
from triage.logs.kinds._frames import is_frame, pointer, site, terminal, trace
from triage.model import Crash, Event

HEADLESS_LINES = 3  # a log that begins inside a report shows the rest of it in its first lines
END_MARKS = ("END", "PANIC_END", "RULE")
MODULE = re.compile(r"([A-Za-z_][\w-]*)(?:\([A-Z+-]*\))?")
TAINT_NAME = re.compile(r"\[([A-Z])\]=")


class Fields:
    """The rules of every crash grammar: a call trace, and the record."""

    cuts = True  # on a console where lines do not tell their printer a report ends where the next begins

    def trace(self, tokens: list[LineToken]) -> list[LineToken]:
        """A heading and the lines up to the next one."""
        return tokens

    def start(self, parts: list[LineToken | list[LineToken]]) -> dict[str, Any]:
        """The fields of `model.Crash`, and `values`: all named groups of the lines outside traces."""
        tokens = [token for part in parts for token in (part if isinstance(part, list) else [part])]
        loose = [part for part in parts if not isinstance(part, list)]
        traces = [trace(None, loose), *(trace(part[0], part[1:]) for part in parts if isinstance(part, list))]
        return facts(tokens) | {"traces": tuple(t for t in traces if t)}


def facts(tokens: list[LineToken]) -> dict[str, Any]:
    """Everything that is not a trace."""
    values = merge(token for token in tokens if not is_frame(token))
    registers, user = _registers.read(tokens)
    arch = _registers.architecture(tokens)
    panics = [token for token in tokens if terminal(token) in ("PANIC", "PANIC_END")]
    return {
        "values": values,
        "header": said(header(tokens) or panics),
        **site(pointer(tokens), values),
        **who(values),
        "registers": registers,
        "user_registers": user,
        "arch": arch,
        "code": values.get("code"),
        "modules": tuple(MODULE.findall(values.get("modules", "").partition("[")[0])),
        "panic": values.get("panic"),
        "panicked": bool(panics),
        "complete": any(terminal(token) in END_MARKS for token in tokens),
        **memory(values, registers, arch),
        "tokens": tokens,
    }


def said(tokens: list[LineToken]) -> tuple[str, ...]:
    """The lines without their prefixes."""
    return tuple(token.line.body.strip() for token in tokens)


def header(tokens: list[LineToken]) -> list[LineToken]:
    """The lines that only this family has: what the imported body does not know."""
    return [token for token in tokens if "__" not in token.type and token.type != "RULE"]


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


def memory(values: dict[str, Any], registers: dict[str, int], arch: str | None) -> dict[str, Any]:
    """What the report says of the access that failed; units are bytes."""
    kib, address = number(values.get("page_kib")), number(values.get("fault_address"), 16)
    if address is None and "pf_access" in values:
        address = registers.get("cr2")
    return {
        "fault_address": _registers.fault_address(registers) if address is None else address,
        "esr": number(values.get("esr"), 16) if arch != "arm" else None,
        "error_code": number(values.get("error_code"), 16),
        "page_size": kib * 1024 if kib else None,
        "va_bits": number(values.get("va_bits")),
    }


def crash(fields: dict[str, Any], base: dict[str, Any], **known: Any) -> list[Event]:
    """The crash with its name.

    Where lines tell their printer, what it printed in a report that began inside this one still speaks of this one;
    else a report ends there.
    """
    del fields["values"]
    tokens: list[LineToken] = fields.pop("tokens")
    own, whole = tokens, tokens + fields.pop("behind", [])
    if base["caller"] is not None:
        own = whole
    elif base["interrupted"]:
        own = tokens[: base["interrupted"]]
        fields["header"] = said(header(own)) or fields["header"]
    first = header(tokens)
    mine = clues(own, first)
    others = mine if len(own) == len(whole) else clues(whole, first)
    names = signature.names(fields["header"], fields.get("function"), mine, others)
    return [Crash(**base, **fields | known | names)]
