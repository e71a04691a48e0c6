"""Finds what there is in the paths a user names, and hands out each log as bytes that can be scanned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Literal

from triage.config import Limits as Limits

if TYPE_CHECKING:
    from array import array

    from triage.inputs.buffers import Buffer


@dataclass(slots=True)
class LogText:
    """One log: its bytes, and what its container knew of it.

    `numbers` maps the lines of converted formats (JSON, export, reassembled parts) to the lines of the original file.
    """

    name: str  # as the user named it; a member of an archive as "archive!member"
    data: Buffer
    host: str | None = None
    boot_id: str | None = None
    numbers: array[int] | None = None
    sha256: str | None = (
        None  # of the file as it lies there; None for big ones, whose hash would cost more than the scan
    )
    size: int | None = None  # bytes of that file
    format: str | None = None  # "text", or the format or layout it was taken out of
    notes: tuple[str, ...] = ()  # what was lost on the way here: truncated, over a limit
    wall: float | None = None  # Unix seconds, about when the log was taken; gives years to clocks that have none
    kernel: str | None = None  # release, where the layout tells it

    def number(self, line: int) -> int:
        """The line number in the original file of a line (both from 1) of `data`."""
        return self.numbers[line - 1] if self.numbers and line <= len(self.numbers) else line


@dataclass(frozen=True, slots=True)
class CoreFile:
    """A file that holds the memory of a crashed kernel."""

    path: str  # to open
    name: str  # as the user named it
    format: str = "elf"  # elf, kdump, diskdump, flattened
    host: str | None = None
    wall: float | None = None  # Unix seconds of the crash, where the layout tells it
    kernel: str | None = None
    sha256: str | None = None  # of the packed file, for a core that was packed
    size: int | None = None
    notes: tuple[str, ...] = ()  # what was lost in unpacking it
    held: IO[bytes] | None = None  # the file without a name that `path` leads to, for a core that was packed


@dataclass(frozen=True, slots=True)
class SideFile:
    """What stands beside the logs and is no kernel log: the BMC's event log, the board's inventory."""

    name: str
    kind: Literal["sel", "dmi"]  # output of ipmitool sel list/elist, of dmidecode
    text: str
    host: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An input that cannot be read or is nothing that triage knows."""

    name: str
    reason: str
    partial: bool = False  # something of it was read all the same
    foreign: bool = False  # merely something else (empty, a picture, a program), not a log or core that cannot be read


@dataclass(frozen=True, slots=True)
class Skipped:
    """Files of a directory or archive that are of no use here; nothing is wrong with them."""

    name: str  # of the directory or archive
    reason: str
    count: int


Found = LogText | CoreFile | SideFile | Refused | Skipped


def find(paths: Sequence[str], *, limits: Limits | None = None) -> Iterator[Found]:
    """Everything of use in files, directories and archives, in the order given; `-` is standard input.

    Never raises for a bad input: that comes as Refused, and the good ones beside it still follow.
    """
    from triage.inputs.walk import walk

    yield from walk(paths, limits or Limits())
