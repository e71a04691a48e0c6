"""Registers of all architectures, out of the lines of a report."""

from __future__ import annotations

import re

from triage.logs.grammar import LineToken

PAIR = re.compile(r"([a-zA-Z$][\w$]{0,7}|\$ *\d+) ?:? *(?:[0-9a-f]{4}:)?([0-9a-f]{8,16})\b")
WORD = re.compile(r"\b[0-9a-f]{8,16}\b")
BLOCK = re.compile(r"(?:GPR|\$ *)(\d+) *:")
USER_CS = {"0033", "0023", "002b", "0073"}
ARCHITECTURES = {
    "x86": "x86_64", "arm64": "arm64", "riscv": "riscv64", "ppc64": "ppc64", "s390": "s390x",
    "loongarch": "loongarch64", "arm": "arm", "mips": "mips",
}  # fmt: skip
SINGLE = {  # groups of the grammars that hold one register
    "rsp", "eflags", "orig_rax", "pstate", "sp", "pmr", "nip", "ctr", "msr", "dar", "cfar", "dsisr",
    "badaddr", "cause", "status", "badv", "badva", "estat", "failing", "teid", "psr", "r11", "r12",
}  # fmt: skip
TELLING = SINGLE | {"ip", "regs", "segments"}  # groups without which a line holds no register
FAULT_REGISTERS = ("dar", "badaddr", "badv", "badva", "failing")


def is_user(token: LineToken) -> bool:
    """Whether the line shows a user-space instruction pointer."""
    return token.fields.get("cs") in USER_CS or token.line.body.startswith(("User PSW", "RIP: 0033"))


def read(tokens: list[LineToken]) -> tuple[dict[str, int], dict[str, int]]:
    """(kernel registers, user registers), lower-case names; the first value of each wins."""
    kernel, user = dict[str, int](), dict[str, int]()
    now = kernel
    for token in tokens:
        if "pc" in token.fields or "interrupt" in token.fields:
            now = user if is_user(token) or "interrupt" in token.fields else kernel
        if TELLING.isdisjoint(token.fields):
            continue
        for name, value in line(token, now):
            now.setdefault(name, value)
    return kernel, user


def line(token: LineToken, before: dict[str, int]) -> list[tuple[str, int]]:
    """The registers of one line; s390 and powerpc number them by their place."""
    fields = token.fields
    found = [(name, int(text, 16)) for name, text in fields.items() if text and name in SINGLE]
    if fields.get("ip"):
        found.append(("rip" if token.type.endswith("__RIP") else "pc", int(fields["ip"] or "0", 16)))
    text = fields.get("regs") or fields.get("segments")
    if not text:
        return found
    block, numbered = BLOCK.match(text), token.type.endswith(("GPRS", "REGS_S390"))
    if not block and not numbered:
        return found + [(name.lower(), int(value, 16)) for name, value in PAIR.findall(text)]
    first = int(block[1]) if block else sum(name.startswith("r") and name[1:].isdigit() for name in before)
    return found + [(f"r{first + i}", int(value, 16)) for i, value in enumerate(WORD.findall(text))]


def architecture(tokens: list[LineToken]) -> str | None:
    """The architecture whose grammar file knew a line of the report."""
    names = [type_.split("__") for type_ in dict.fromkeys(token.type for token in tokens)]
    found = next((name[-2] for name in names if len(name) > 1 and name[-2] in ARCHITECTURES), "")
    if found == "x86" and any(name[-1] in ("EIP", "ESP") for name in names):
        return "i386"
    # Up to 4.13 arm64 has lines of arm's: "PC is at", "pgd = ".
    if found == "arm" and (any("arm64" in name for name in names) or any(map(is_wide, tokens))):
        found = "arm64"
    return ARCHITECTURES.get(found)


def is_wide(token: LineToken) -> bool:
    """Whether the line shows an address of 64 bits."""
    return any(len((token.fields.get(name) or "").removeprefix("0x")) > 8 for name in ("fault_address", "address"))


def fault_address(registers: dict[str, int]) -> int | None:
    """The address of the failed access where a register holds it."""
    return next((registers[name] for name in FAULT_REGISTERS if name in registers), None)
