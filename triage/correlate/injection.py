"""Marks the errors that somebody made: EINJ, mce-inject, aer-inject and EDAC's fake errors.

EINJ: Error INJection is initialized.
Triggering MCE exception on CPU 4

They are real to the kernel and count as such; the reader should know all the same. EINJ prints nothing when it
injects: a kernel that has it ready (a firmware setting for the laboratory) injected what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from triage.model import Event, HardwareError, Notice

SOON = 5.0  # seconds from the injector's word to the report
KINDS = {"mce-inject": ("mce", "edac"), "aer-inject": ("aer", "pci"), "edac-inject": ("edac",)}


def marked(events: Iterable[Event]) -> Iterator[Event]:
    """The events in order, with `injected` where an injector stands before an error of its sort."""
    armed, last = False, None
    for event in events:
        if isinstance(event, Notice) and event.what == "injection":
            armed = armed or event.values.get("tool") == "einj"
            last = last if event.values.get("armed") else event
        made = isinstance(event, HardwareError) and not event.previous_boot and (armed or follows(event, last))
        yield replace(event, injected=True) if made and isinstance(event, HardwareError) else event


def follows(error: HardwareError, notice: Notice | None) -> bool:
    """Whether an error is of the sort that the injector makes, and comes soon behind its word."""
    if notice is None or not error.kind.startswith(KINDS.get(str(notice.values.get("tool")), ())):
        return False
    return error.time is None or notice.time is None or 0.0 <= error.time - notice.time <= SOON
