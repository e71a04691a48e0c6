"""Small logs of every container, and what was found in them."""

from __future__ import annotations

from pathlib import Path

from triage import inputs
from triage.inputs import Found, Limits, LogText

FAILURE = "Memory failure: 0x1a2b3: recovery action for free buddy page: Recovered"
LINE = f"[   70.471011][    T1] {FAILURE}\n"
LOG = LINE.encode()


def find(*paths: Path | str, limits: Limits | None = None) -> list[Found]:
    """Everything found."""
    return list(inputs.find([str(path) for path in paths], limits=limits))


def one(path: Path | str) -> LogText:
    """The only log there."""
    (text,) = [found for found in find(path) if isinstance(found, LogText)]
    return text


def lines(text: LogText) -> list[str]:
    """The lines of a log."""
    return bytes(text.data[0 : len(text.data)]).decode().splitlines()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder with files."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder
