"""Lines or records were lost: an overflow bit, a throttled reporter, a full queue, a wrapped buffer. What is not
there may have been lost."""

from __future__ import annotations

import re

from triage.correlate.consumption import OVER, status
from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Evidence, Notice

REPORTERS = re.compile(r"ghes|cper|mce|edac|aer|memory_failure|hwpoison|printk|ras")


def matters(notice: Notice) -> bool:
    """Whether what was lost may have been a hardware error: not the throttled lines of a network driver.

    ghes_print_estatus: 12 callbacks suppressed
    """
    return notice.what == "lost" and REPORTERS.search(notice.values.get("function") or "printk") is not None


def find(scene: Scene, claim: Claim) -> Evidence | None:
    lost = next((n for n in scene.notices if matters(n) and scene.earlier(n)), None)
    if lost is not None:
        return cite(f"Evidence was lost before the crash: {lost.text}", lost)
    queue = next((f for f in scene.failures if f.action == "overflow"), None)
    if queue is not None:
        return cite("The queue of memory failures overflowed: one error has no verdict.", queue)
    over = next((e for _, e in scene.errors if (status(e) or 0) & OVER and not e.previous_boot), None)
    return cite("A machine check bank overflowed: errors were lost.", over) if over else None


RULE = Limit(
    name="limit_lost_evidence",
    causes=("software",),
    down=True,
    says="evidence was lost: overflow, throttling, a full queue, a wrapped log",
    find=find,
)
