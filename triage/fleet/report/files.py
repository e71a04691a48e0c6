"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


def put(path: Path, text: str) -> None:
    """Write a text file; raises OSError."""
    with drafted(path) as out:
        out.write(text)


@contextmanager
def drafted(path: Path, newline: str | None = None) -> Iterator[IO[str]]:
    """A text file to write, under a temporary name beside its place until it is whole; raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8", errors="replace", newline=newline) as out:
            yield out
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
