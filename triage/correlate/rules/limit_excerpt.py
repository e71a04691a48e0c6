"""Only an excerpt of the log is there, or the crash report itself is damaged: what came before it is not known."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    crash, core = scene.crash, scene.boot.core
    if crash is None or (core is not None and core.poisoned_count == 0):
        return None
    if crash.corrupted:
        return cite(f"The crash report is damaged: {crash.corrupted}.", crash)
    if scene.notice("boot") is None:  # nor does a core help whose log, or whose count of bad pages, cannot be read
        return cite("The log does not begin at the boot: an earlier hardware error would not be seen.", crash)
    return None


RULE = Limit(
    name="limit_excerpt",
    causes=("software",),
    cap="weak",
    says="an excerpt, or a damaged crash report",
    find=find,
)
