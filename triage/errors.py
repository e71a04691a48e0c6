"""Our own errors; each prints as one line that names the input and the reason."""

from __future__ import annotations


class TriageError(Exception):
    """Anything that triage itself refuses or gives up on."""


class InputError(TriageError):
    """An input cannot be read or holds nothing of use."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason


class CoreError(InputError):
    """A vmcore cannot be opened or inspected."""


class LimitError(InputError):
    """A bound on size, depth, time or memory was met."""
