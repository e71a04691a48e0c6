"""What the two forms of a journal share: which entries are the kernel's, and how an entry becomes a line.

Fields (systemd.journal-fields(7)): MESSAGE, _TRANSPORT=kernel, SYSLOG_IDENTIFIER=kernel, PRIORITY, _HOSTNAME, _BOOT_ID,
__REALTIME_TIMESTAMP, and _SOURCE_MONOTONIC_TIMESTAMP: printk's time, in microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from triage.inputs.formats import Line, Lost, integer, render, seconds


def entry(fields: Mapping[str, Any], number: int) -> Line | Lost | None:
    """An entry as a line; None if it is not the kernel's."""
    if not from_kernel(fields):
        return None
    message = text(fields.get("MESSAGE"))
    if message is None:
        return Lost("a message that the journal left out for its size")
    host = text(fields.get("_HOSTNAME"))
    level = integer(text(fields.get("PRIORITY")))
    line = render(
        message,
        time=seconds(text(fields.get("_SOURCE_MONOTONIC_TIMESTAMP"))),
        wall=seconds(text(fields.get("__REALTIME_TIMESTAMP"))),
        host=host,
        level=level if level is not None and level < 8 else None,
    )
    return Line(line, number, text(fields.get("_BOOT_ID")), host)


def from_kernel(fields: Mapping[str, Any]) -> bool:
    """Whether the kernel wrote an entry; entries that were exported without their origin count too."""
    origin = text(fields.get("_TRANSPORT")), text(fields.get("SYSLOG_IDENTIFIER"))
    return "kernel" in origin or origin == (None, None)


def text(value: object) -> str | None:
    """A field's text; in JSON a list of bytes if it is not UTF-8, of strings if it repeats, null if it is big."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        if value and all(isinstance(v, int) and 0 <= v < 256 for v in value):
            return bytes(value).decode("utf-8", "replace")
        return next((v for v in value if isinstance(v, str)), None)
    return value if isinstance(value, str) else None
