"""Run triage over labelled logs and print how often it says what the labels say.

A log of the folder begins with expectation headers, then an empty line, then the raw log:

    TITLE: WARNING in foo
    ALT: other spelling of the title (repeated)
    TYPE: WARNING
    FRAME: foo
    CORRUPTED: Y
    PANICKED: Y

A file without TITLE is a negative: nothing crashed in it. What follows a line `REPORT:` is not part of the log.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from triage.inputs import LogText
from triage.logs.parse import Parser
from triage.model import Crash

FIELDS = ("title", "type", "frame", "corrupted", "panicked", "alt")


@dataclass(slots=True)
class Sample:
    """One log and what it is known to hold."""

    name: str
    log: bytes
    title: str | None = None
    alt: tuple[str, ...] = ()
    type: str | None = None
    frame: str | None = None
    corrupted: bool = False
    panicked: bool = False

    @classmethod
    def read(cls, path: Path) -> Sample:
        """The sample in a file."""
        head, _, log = (
            path.read_bytes().partition(b"\n\n")
            if not path.read_bytes().startswith(b"\n")
            else (b"", b"", path.read_bytes())
        )
        pairs = [
            line.split(": ", 1)
            for line in head.decode("utf-8", "replace").splitlines()
            if ": " in line and not line.startswith("#")
        ]
        words = dict(reversed(pairs))
        return cls(
            name=path.name,
            log=log.partition(b"\nREPORT:\n")[0],
            title=words.get("TITLE"),
            alt=tuple(sorted(value for name, value in pairs if name == "ALT")),
            type=words.get("TYPE"),
            frame=words.get("FRAME"),
            corrupted=words.get("CORRUPTED") == "Y",
            panicked=words.get("PANICKED") == "Y",
        )


@dataclass(slots=True)
class Score:
    """Right and asked counts of each property, and the misses in words."""

    right: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    misses: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")

    def count(self, name: str, sample: Sample, wanted: object, found: object) -> None:
        """One property of one sample."""
        self.asked[name] += 1
        self.right[name] += wanted == found
        if wanted != found:
            self.misses.append(f"{name:10} {sample.name:>6}: {wanted!r} wanted, {found!r} found")


def score(samples: Iterator[Sample]) -> Score:
    """Parse every sample and compare its first crash with the labels."""
    total = Score()
    for sample in samples:
        start = time.process_time()
        crashes = [e for e in Parser(LogText(sample.name, sample.log)).events() if isinstance(e, Crash)]
        total.slowest = max(total.slowest, (time.process_time() - start, sample.name))
        first = min(crashes, key=lambda crash: crash.first_line, default=None)
        if sample.title is None:
            total.count("negatives", sample, None, first and first.title)
            continue
        total.count("detection", sample, True, first is not None)
        compare(total, sample, first, panicked=any(crash.panicked for crash in crashes))
    return total


def compare(total: Score, sample: Sample, crash: Crash | None, *, panicked: bool) -> None:
    """The properties of a sample that holds a crash; what a label leaves open is not asked."""
    total.count("title", sample, sample.title, crash and crash.title)
    if sample.type:
        total.count("type", sample, sample.type, crash and crash.type)
    if sample.frame:
        total.count("frame", sample, sample.frame, crash and crash.frame)
    total.count("alt", sample, sample.alt, crash and crash.alt_titles)
    total.count("corrupted", sample, sample.corrupted, crash and crash.corrupted is not None)
    total.count("panicked", sample, sample.panicked, panicked)


def select(folders: list[Path], every: int | None, rest: bool) -> Iterator[Sample]:
    """The numbered files of the folders: all, every n-th by number, or all but those."""
    for folder in folders:
        for path in sorted((p for p in folder.iterdir() if p.name.isdigit()), key=lambda p: int(p.name)):
            if every is None or (int(path.name) % every == 0) != rest:
                yield Sample.read(path)


def main() -> None:
    """`python -m bench.accuracy FOLDER...`"""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--every", type=int, help="only the files whose number is divisible by this")
    parser.add_argument("--rest", action="store_true", help="only the other files")
    parser.add_argument("--quiet", action="store_true", help="the figures without the misses")
    options = parser.parse_args()
    total = score(select(options.folder, options.every, options.rest))
    if not options.quiet:
        print(*total.misses, sep="\n")
    for name in ("detection", "negatives", *FIELDS):
        if asked := total.asked[name]:
            print(f"{name:10} {total.right[name]:5} of {asked:5}  {total.right[name] / asked:7.2%}")
    print(f"slowest    {total.slowest[0]:.3f} s ({total.slowest[1]})")


if __name__ == "__main__":
    main()
