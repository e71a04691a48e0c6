"""A running console that goes back to the firmware without a word: the kernel restarted, and nobody said why.

[  812.402113] eth0: link becomes ready
SeaBIOS (version 1.16.3-2)
Booting from Hard Disk...
[    0.000000] Linux version 6.12.9-2-generic (builder@lab) (gcc 14.2.0) #1 SMP PREEMPT_DYNAMIC

Only the raw console of a machine shows this. Boots that merely follow each other (syslog, kernel logs put behind each
other) lack the words of the firmware; a shutdown, a start by kexec or a crash before explains the boot. The log may end
before the banner.

The end mark of a panic is a crash of its own only where the panic is not: the one line that a cut log keeps of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from triage.inputs import LogText
from triage.logs import signature
from triage.logs.lines import newlines
from triage.model import Crash, Event, Notice

STAMP = re.compile(rb"(?:<\d{1,3}>)?\[ {0,6}(\d{1,9})\.\d{6}\]")
FIRMWARE = re.compile(
    rb"SeaBIOS|iPXE|GRUB|SYSLINUX|U-Boot|BdsDxe|EFI stub"
    rb"|Booting (?:from|the kernel|Linux)|Decompressing Linux|early console in "
)
BEGAN = re.compile(rb"(?m)^(?:SeaBIOS \(version |Decompressing Linux|Booting the kernel|early console in ).*")
END_MARK = "---[ end Kernel panic"
RUNNING = 10  # seconds after its start from which a kernel is taken to have booted
LOOK_BACK = 8192  # bytes before the banner; a firmware says less


T = TypeVar("T")


class Sign(NamedTuple):
    """What an event says of how a boot ended."""

    boot: Notice | None = None  # the banner of the next
    panicked: bool = False
    repeats: bool = False  # the end mark of a panic
    explains: bool = True  # a restart behind it


def sign(event: Event) -> Sign | None:
    """What an event says of how a boot ended; of most nothing."""
    if isinstance(event, Crash):
        return Sign(panicked=event.panicked, repeats=bool(event.header) and event.header[0].startswith(END_MARK))
    if isinstance(event, Notice) and event.what in ("boot", "shutdown", "sysrq"):
        return Sign(boot=event, explains=False) if event.what == "boot" else Sign()
    return None


def with_restarts(signed: Iterable[tuple[Sign | None, T]], text: LogText, made: Callable[[Event], T]) -> Iterator[T]:
    """What was `made` of events, and of a crash before each boot that the firmware began and nothing announced."""
    explained, panicked, pos = False, False, 0
    for said, item in signed:
        if said:
            if said.repeats and panicked:
                continue
            panicked |= said.panicked
            if said.boot:
                start, pos = banner(said.boot, text, pos)
                if not explained and fell(bytes(text.data[max(0, start - LOOK_BACK) : start])):
                    yield made(restart(said.boot, said.boot.text))
                explained = panicked = False
            explained |= said.explains
        yield item
    if not explained and (began := relapse(text)):
        yield made(began)


def relapse(text: LogText) -> Crash | None:
    """The crash of a log that ends in the firmware, before the banner of the next boot."""
    start = max(0, len(text.data) - LOOK_BACK)
    tail = bytes(text.data[start:])
    words = list(BEGAN.finditer(tail))
    if not words or b"Linux version " in tail[words[-1].start() :] or not fell(tail[: words[-1].end()]):
        return None
    line = text.number(1 + newlines(text.data, 0, start + words[-1].start()))
    said = words[-1][0].decode("ascii", "replace").strip()
    return restart(Event(kind="restart", source=text.name, first_line=line, last_line=line, host=text.host), said)


def banner(boot: Notice, text: LogText, pos: int) -> tuple[int, int]:
    """Where the banner of a boot begins and ends behind a place; the end of the text where it is not written so."""
    words = b"Linux version " + str(boot.values["kernel"]).encode()
    start = text.data.find(words, pos)
    return (start, start + len(words)) if start >= 0 else (len(text.data), len(text.data))


def fell(before: bytes) -> bool:
    """Whether the text before a banner goes from a running kernel through the firmware."""
    firmware = False
    for line in reversed(before.splitlines()):
        stamp = STAMP.match(line)
        if stamp and (uptime := int(stamp[1])) > 0:
            return firmware and uptime >= RUNNING
        firmware = firmware or bool(FIRMWARE.search(line))
    return False


def restart(boot: Event, line: str) -> Crash:
    """The crash of which only the start of the next boot is seen."""
    return Crash(
        kind="restart",
        source=boot.source,
        first_line=boot.first_line,
        last_line=boot.last_line,
        lines=boot.lines,
        host=boot.host,
        header=(line,),
        **signature.names((line,), None),
    )
