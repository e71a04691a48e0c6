"""Where the grammars and templates lie: beside the package in a wheel, one level up in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def folder(name: str) -> Path:
    """The data folder `name` ("grammars", "reports/templates")."""
    package = Path(__file__).resolve().parent
    packed = package / "_data" / name
    return packed if packed.is_dir() else package.parent / name
