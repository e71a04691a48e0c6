"""Makes lark's tables of the grammars when the package is built or installed, editable or not."""

from __future__ import annotations

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GrammarTables(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the files of the wheel are collected."""
        sys.path.insert(0, self.root)
        from triage.logs import tables

        tables.write()
        build_data["artifacts"].append("/triage/_data/tables/*.json")
