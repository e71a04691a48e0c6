"""The kernel says that the bad memory belongs to a TDX guest, where its own stray write makes the same machine check.

mce: [Hardware Error]: Machine check: Data load in unrecoverable area of kernel
mce: [Hardware Error]: Machine check: TDX private memory error. Possible kernel bug.
"""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.scene import Scene
from triage.correlate.words import cite
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    error = scene.consumed.error if scene.consumed else None
    if error is None or "TDX private memory" not in str(error.detail.get("addition")):
        return None
    return cite(
        "The memory is private to a TDX guest: on some processors a kernel's partial write there poisons it, and "
        "reading it then raises the same machine check as a real error.",
        error,
    )


RULE = Limit(
    name="limit_tdx",
    causes=("memory-error",),
    cap="likely",
    says="the machine check is in a TDX guest's private memory, which a stray write of the kernel poisons as well",
    find=find,
)
