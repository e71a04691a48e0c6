"""Every target takes its seeds, cut and damaged ones too, and every input that once broke it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

CRASHES = sorted((Path(__file__).parent / "crashes").glob("*-*"))


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_seeds_and_damaged_seeds(name: str) -> None:
    for seed in seeds(name)[:20]:
        middle = len(seed) // 2
        for data in (seed, seed[:middle], seed[middle:], seed[:middle] + b"\xff\x00" + seed[middle + 2 :]):
            TARGETS[name](data)


@pytest.mark.parametrize("path", CRASHES, ids=lambda path: path.name)
def test_what_broke_once_breaks_no_more(path: Path) -> None:
    TARGETS[path.name.split("-")[0]](path.read_bytes())
