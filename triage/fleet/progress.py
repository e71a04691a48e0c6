"""How far a run is: a line that moves on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.fleet.run import Summary

TERMINAL_SECONDS = 0.2
PLAIN_SECONDS = 30.0


class Progress:
    """Called with the summary after each input; a thread of its own counts how many there will be."""

    def __init__(self, paths: Sequence[str]) -> None:
        self.terminal = sys.stderr.isatty()
        self.every = TERMINAL_SECONDS if self.terminal else PLAIN_SECONDS
        self.began = self.shown = time.monotonic()
        self.total: int | None = None
        self.over = threading.Event()
        self.counter = threading.Thread(target=self.count, args=(paths,), daemon=True)

    def __enter__(self) -> Progress:
        if self.terminal:
            self.counter.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        if self.terminal:
            sys.stderr.write("\r\x1b[K")

    def count(self, paths: Sequence[str]) -> None:
        """The number of inputs, known when the walk has ended."""
        from triage.fleet.discover import units

        number = 0
        for _ in units(paths):
            number += 1
            if self.over.is_set():
                return
        self.total = number

    def __call__(self, summary: Summary) -> None:
        now = time.monotonic()
        if now - self.shown < self.every:
            return
        self.shown = now
        line = self.line(summary, now - self.began)
        sys.stderr.write(f"\r{line}\x1b[K" if self.terminal else f"{line}\n")
        sys.stderr.flush()

    def line(self, summary: Summary, seconds: float) -> str:
        """`12,345 of 100,000 inputs, 512/s, 3:01 left; 4,321 cases, 2 failed`."""
        examined = summary.done + summary.duplicates + summary.nothing + summary.failed
        rate = examined / seconds
        done = examined + summary.unchanged
        of = f" of {self.total:,}" if self.total else ""
        left = (self.total - done) / rate if self.total and rate else None
        rest = f", {left // 60:.0f}:{left % 60:02.0f} left" if left is not None and left >= 0 else ""
        return f"{done:,}{of} inputs, {rate:,.0f}/s{rest}; {summary.cases:,} cases, {summary.failed:,} failed"
