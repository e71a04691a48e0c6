"""Signs of failing hardware that nothing explains: software is no more than a weak guess beside them."""

from __future__ import annotations

from triage.correlate.ladder import Claim, Limit
from triage.correlate.rules.memory_bit_flip import suspicion
from triage.correlate.rules.memory_no_address import unplaced
from triage.correlate.scene import Scene
from triage.correlate.words import cite, error_name, page_name
from triage.model import Evidence


def find(scene: Scene, claim: Claim) -> Evidence | None:
    track = next((t for t in scene.open_tracks() if t.counted or t.page.poisoned), None)
    if track is not None:
        return cite(
            f"{page_name(track.page).capitalize()} has a memory error and was still in use.", *track.counted[-1:]
        )
    error = next(iter(unplaced(scene)), None)
    if error is not None:
        return cite(f"An uncorrected memory error without a page was reported: {error_name(error)}.", error)
    logged = next((e for e in scene.own_errors() if e.detail.get("undecoded") and scene.earlier(e)), None)
    if logged is not None:
        return cite("Machine check events were logged and not decoded: they may be of this crash.", logged)
    flipped = suspicion(scene)
    if flipped is not None:
        return cite(f"{flipped.where} is wrong in one bit only: memory may have flipped it.", scene.crash)
    crash = scene.crash
    if crash is not None and "M" in crash.taint and not scene.uncorrected():
        return cite("The kernel is tainted M (machine check) and no record explains why.", crash)
    return None


RULE = Limit(
    name="limit_doubt",
    causes=("software",),
    cap="weak",
    says="an open page, an uncorrected error without address, undecoded machine check events, a bit-flip suspicion, "
    "or an unexplained taint M",
    find=find,
)
