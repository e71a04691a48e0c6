"""A small fleet with known truth, taken into a store once for all tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench import fleetgen
from triage.fleet import run, store
from triage.fleet.statistics.gather import Statistics, gather

pytest.importorskip("pyarrow")


@dataclass(frozen=True)
class Fleet:
    """An archive, its truth, what a run made of it."""

    archive: Path
    truth: dict[str, Any]
    store: store.Store
    summary: run.Summary
    statistics: Statistics


PLAN = fleetgen.Plan(boots=1600, hosts=80, seed=7, weak=0.3, copies=0.2, damaged=0.03, haste=2.0)


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The fleet."""
    base = tmp_path_factory.mktemp("fleet")
    fleetgen.write(PLAN, base / "archive")
    truth = json.loads((base / "archive" / "truth.json").read_text())
    with store.opened(base / "store") as opened:
        paths = [str(base / "archive" / name) for name in ("logs", "crash", "other")]
        summary = run.run(paths, opened, run.Settings(jobs=2))
        yield Fleet(base / "archive", truth, opened, summary, gather(opened))


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[store.Store]:
    """An empty store."""
    with store.opened(tmp_path / "store") as made:
        yield made
