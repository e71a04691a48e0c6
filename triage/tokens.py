"""The names that stand for what was redacted: `host-1`, `ip-2`, made-up addresses; the same value, the same name.

{"host": {"web01.example.com": "host-1", "web01": "host-1"}, "address": {"0xffff888104a3f000": "0xffffeeee00001000"}}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from triage import sensitive

WORDS = {
    "host": "host name", "ip": "IP address", "mac": "MAC address", "user": "user name", "email": "e-mail address",
    "serial": "serial number", "uuid": "UUID", "cmdline": "command line", "environment": "environment variable",
    "path": "path", "address": "kernel address or register value", "input": "input name", "boot": "boot id",
    "memcg": "control group", "url": "URL", "secret": "secret", "bytes": "dump of memory content",
    "offset": "kernel offset",
}  # fmt: skip
CANONICAL = 0xFF00_0000_0000_0000  # kernel addresses lie above, whatever the number of levels
PSEUDO = 0xFFFF_EEEE_0000_0000  # pages of replaced addresses are numbered from here
PUBLIC = re.compile(rf"-|<stdin>|(?:{'|'.join(WORDS)})-\d+(?:/[\w.-]+)?")  # and what stands for something already


class Tokens:
    """Values and the names that stand for them, by sort; `used` are those of this run."""

    def __init__(self, known: Mapping[str, Mapping[str, str]] | None = None) -> None:
        self.names: dict[str, dict[str, str]] = {sort: dict(values) for sort, values in (known or {}).items()}
        self.used: dict[str, set[str]] = {}
        self.last: dict[str, int] = {}  # number of the newest token of a sort

    def text(self, sort: str, value: str) -> str:
        """The name that stands for a value; file names that say nothing of anybody stay visible."""
        if PUBLIC.fullmatch(value) or (sort in ("host", "user") and not sensitive.is_name(value)):
            return value
        known, key = self.names.setdefault(sort, {}), normal(sort, value)
        if key not in known:
            known[key] = self.bare(sort, key) or f"{sort}-{self.next(sort)}"
            for alias in aliases(sort, value):
                known.setdefault(alias, known[key])
        self.used.setdefault(sort, set()).add(known[key])
        return known[key] + (plain_name(value) if sort == "input" else "")

    def next(self, sort: str) -> int:
        """The number of a new token; those of a map that was read are not given again."""
        if sort not in self.last:
            self.last[sort] = max((int(name.rsplit("-", 1)[1]) for name in self.names[sort].values()), default=0)
        self.last[sort] += 1
        return self.last[sort]

    def bare(self, sort: str, key: str) -> str | None:
        """The name of a host that is known so far without its domain."""
        known, short = self.names[sort], key.split(".")[0]
        if sort != "host" or short not in known or any(other.startswith(f"{short}.") for other in known):
            return None
        return known[short]

    def number(self, value: int) -> int:
        """A made-up address in place of a real one: same page, same number; only a kernel address keeps its offset."""
        offset = value & 0xFFF if value >= CANONICAL else 0
        known = self.names.setdefault("address", {})
        made = known.setdefault(f"{value - offset:#x}", f"{PSEUDO + ((len(known) + 1) << 12):#x}")
        self.used.setdefault("address", set()).add(made)
        return int(made, 16) + offset

    def sort_of(self, value: str) -> str | None:
        """Under which sort a value is known."""
        return next((sort for sort in self.names if normal(sort, value) in self.names[sort]), None)

    def values(self) -> list[str]:
        """All values to look for in texts, the longest first."""
        sorts = (values for sort, values in self.names.items() if sort not in ("address", "bytes", "offset"))
        return sorted({value for values in sorts for value in values if len(value) > 1}, key=lambda v: (-len(v), v))

    def domains(self) -> list[str]:
        """The domains of the known hosts: other machines of them are found too."""
        return sorted({host.split(".", 1)[1] for host in self.names.get("host", ()) if host.count(".") > 1})

    def size(self) -> int:
        """How many values are known."""
        return sum(len(values) for values in self.names.values())

    def summary(self) -> str:
        """How many different things were replaced, by sort."""
        counts = sorted((WORDS[sort], len(names)) for sort, names in self.used.items() if names)
        return ", ".join(f"{count} x {word}" for word, count in counts) or "nothing found"


def normal(sort: str, value: str) -> str:
    """The one spelling of a value."""
    if sort == "serial" and re.fullmatch(r"(?:0x)?[0-9A-Fa-f]{1,16}", value):
        return f"{int(value, 16):#x}"
    return value.lower() if sort in ("host", "mac", "ip", "uuid", "email", "boot") else value


def aliases(sort: str, value: str) -> Iterator[str]:
    """Other spellings of a value: a host without its domain, a file without its folder, a boot id without dashes."""
    if sort == "host" and "." in value and not value.replace(".", "").isdigit():
        short = value.lower().split(".")[0]
        if len(short) > 1 and sensitive.is_name(short):
            yield short
    if sort == "input":
        name = re.split(r"[/!]", value)[-1]
        if len(name) > 3 and not sensitive.PLAIN_FILE.fullmatch(name):
            yield name
    if sort == "boot" and "-" in value:
        yield value.lower().replace("-", "")


def plain_name(path: str) -> str:
    """`/dmesg.txt` of a path that ends so; nothing if the name of the file may tell whose it is."""
    name = re.split(r"[/!]", path)[-1]
    return f"/{name}" if sensitive.PLAIN_FILE.fullmatch(name) else ""
