"""The log of a kdump capture kernel (elfcorehdr=): its records are leftovers of the kernel that crashed."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene, is_capture
from triage.correlate.words import cite
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    if not is_capture(scene.boot):
        return None
    notice = scene.notice("capture-kernel") or scene.notice("cmdline")
    return cite("This is the log of a kdump capture kernel: its errors and addresses are another kernel's.", notice)


RULE = Limit(
    name="limit_capture_kernel",
    causes=("memory-error",),
    cap="likely",
    says="the log is a kdump capture kernel's (elfcorehdr=)",
    find=find,
)
