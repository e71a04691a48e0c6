"""Cores for the tests: real minicores made from guests whose poisoned pages are known."""

import os
from pathlib import Path

import pytest

os.environ["DRGN_DISABLE_PLUGINS"] = "*"  # as the child process has it

from tests.vmcore.cores import CORES, unpack


@pytest.fixture(scope="session")
def core_path(tmp_path_factory: pytest.TempPathFactory):
    """A function from the name of a fixture to its unpacked core."""
    folder = tmp_path_factory.mktemp("cores")

    def path(name: str) -> Path:
        target = folder / name
        if not target.exists():
            unpack(CORES / f"{name}.core.zst", target)
        return target

    return path
