"""The table of cases (cases.toml) as dataclasses."""

import fnmatch
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import LabError
from .paths import CASES


@dataclass(frozen=True)
class Case:
    """One case; cases.toml explains the fields.

    6.12-dentry-scribble: poison=("dentry",) inject="hwpoison" death="scribble" verdict="operator <=likely"
    """

    name: str
    kernel: str
    poison: tuple[str, ...] = ()
    inject: str = "hwpoison"
    death: str = "sysrq"
    verdict: str = ""
    guilty: str = ""
    sysctl: int = 0
    cpus: int = 1
    memory: int = 256
    cpu: str = ""
    forget: bool = False
    dumps: tuple[str, ...] = ("elf", "zstd")
    half: bool = False

    @property
    def guilty_kind(self) -> str:
        """The kind of the page that the death is about: the last one unless the case names another."""
        return self.guilty or (self.poison[-1] if self.poison else "")

    @property
    def kdump(self) -> bool:
        """Whether a capture kernel saves the dump."""
        return "kdump" in self.dumps

    @property
    def guest_memory(self) -> int:
        """MiB of RAM: a capture kernel needs its share."""
        least = {"x86_64": 512, "arm64": 1024}[self.arch]
        return max(self.memory, least if self.kdump else least // 2)

    @property
    def amd(self) -> bool:
        """Whether the guest takes its CPU for one of AMD's, and machine checks for theirs."""
        return self.cpu.startswith("EPYC")

    @property
    def broadcasts(self) -> bool:
        """Whether all CPUs take part in a machine check: Intel's do."""
        return self.cpus > 1 and not self.amd

    @property
    def arch(self) -> str:
        """The guest's architecture."""
        return "arm64" if "-arm64" in self.kernel else "x86_64"


def load(path: Path = CASES) -> dict[str, Case]:
    """All cases by name: the kernel's table and the key in it, e.g. 6.12-dentry-sysrq."""
    table: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(path.read_text())
    cases = {}
    for kernel, entries in table.items():
        for key, fields in entries.items():
            values: dict[str, Any] = {name: _frozen(value) for name, value in fields.items()}
            case = Case(name=f"{kernel}-{key}", kernel=kernel, **values)
            cases[case.name] = case
    return cases


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def select(cases: dict[str, Case], patterns: Sequence[str], half: bool = False) -> list[Case]:
    """The cases that match any of the shell patterns (all of them without one); `half`: the representative ones."""
    for pattern in patterns:
        if not fnmatch.filter(cases, pattern):
            raise LabError(f"no case is called {pattern}; 'list' names them")
    chosen = [case for name, case in cases.items() if not patterns or any(fnmatch.fnmatch(name, p) for p in patterns)]
    return [case for case in chosen if case.half or not half]
