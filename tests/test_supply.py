"""What is shipped: two builds are byte-identical, and what the tests ran with is pinned."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = (
    "triage",
    "grammars",
    "reports",
    "docs",
    "tests/__init__.py",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "Makefile",
)


def wheel(source: Path, out: Path) -> bytes:
    """The wheel that a source tree gives."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"SOURCE_DATE_EPOCH": "1795399907"})
    (made,) = out.glob("*.whl")
    return made.read_bytes()


def tree(folder: Path) -> Path:
    """A copy of the sources with other times, in another place."""
    for name in ("pyproject.toml", "hatch_build.py", *SOURCES):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
    return folder


def test_two_builds_in_two_places_are_byte_identical(tmp_path: Path) -> None:
    first = wheel(tree(tmp_path / "a"), tmp_path / "one")
    second = wheel(tree(tmp_path / "elsewhere" / "b"), tmp_path / "two")
    assert first == second


def test_everything_that_is_needed_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *(r for rows in project["optional-dependencies"].values() for r in rows)]
    names = {re.split(r"[\s\[<>=~;]", requirement)[0].lower().replace(".", "-") for requirement in needed} - {
        "vmtriage",
        "atheris",
    }
    lines = (ROOT / "requirements-ci.txt").read_text().splitlines()
    pinned = {line.split("==")[0] for line in lines if not line.startswith("#")}
    # gcsfs is tested nowhere; tools of the makefile's own targets are installed when these run
    assert names - pinned <= {"gcsfs", "pip-audit", "cyclonedx-bom"}
    assert all(re.fullmatch(r"[a-z0-9.-]+==[\w.+!]+", line) for line in lines if not line.startswith("#"))
