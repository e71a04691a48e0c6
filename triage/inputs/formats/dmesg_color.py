"""dmesg --color=always (util-linux 2.24 and newer): time and subsystem in colours of their own.

`\\x1b[32m[   70.471011] \\x1b[0m\\x1b[33mEDAC MC0\\x1b[0m: 1 CE`: the end of a colour stands in what the kernel said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.inputs.buffers import Buffer
from triage.inputs.formats import Line, Lost, lines

NAME = "dmesg-color"
HEAD = re.compile(rb"(?m)^(?:<\d{1,3}>)?\x1b\[[\d;]{1,12}m\[[^\]\n]{4,40}\] ?\x1b\[0?m")
COLOUR = re.compile(rb"\x1b\[[\d;]{0,12}m")


def sniff(head: bytes, data: Buffer) -> bool:
    """A line that begins with a time in colour."""
    return HEAD.search(head) is not None


def convert(data: Buffer) -> Iterator[Line | Lost]:
    """All lines without their colours."""
    for line, number in lines(data):
        yield Line(COLOUR.sub(b"", line).decode("utf-8", "replace"), number)
