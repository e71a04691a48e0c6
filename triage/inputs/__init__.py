"""Finds what there is in the paths a user names, and hands out each log as bytes that can be scanned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array

    from triage.logs.scan import Buffer


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
    sha256: str | None = None
    size: int | None = None
    format: str | None = None

    def number(self, line: int) -> int:
        """The line number in the original file of a line (both from 1) of `data`."""
        return self.numbers[line - 1] if self.numbers and line <= len(self.numbers) else line
