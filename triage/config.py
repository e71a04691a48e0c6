"""The bounds within which one run stays, and what a user may set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Settings of one analysis, as the command line or a caller gives them."""

    vmlinux: str | None = None  # debug information for cores, build id checked
    debug_dirs: tuple[str, ...] = ()
    debuginfod: bool = False  # fetch it from the servers in DEBUGINFOD_URLS even where a core has types of its own
    minicore: str | None = None  # where to write the pages that the analysis of a core read
    core_timeout: float = 60.0  # seconds of wall time for one core
