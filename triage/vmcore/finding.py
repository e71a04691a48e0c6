"""What an inspector says of a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from triage.vmcore.page import Page


@dataclass(slots=True, kw_only=True)
class Finding:
    """A page type of the JSON contract, how it was decided, and what belongs to it."""

    type: str  # what the page was when the error struck
    why: str  # one sentence: the evidence
    type_now: str | None = None  # where it differs: a page that was recovered has lost its type
    detail: dict[str, Any] = field(default_factory=dict)
    referrers: list[str] = field(default_factory=list)


class Inspector(Protocol):
    """A module of `inspectors/`: one page type. The first, in rising ORDER, that recognises a page decides."""

    ORDER: int

    def inspect(self, page: Page) -> Finding | None:
        """What this inspector says of the page; None if it is not of its type."""
        ...
