"""No crash, but a page with an uncorrectable error is still used by the kernel: the next read of it will stop the
host or return garbage."""

from __future__ import annotations

from triage.correlate.ladder import Finding, Ground
from triage.correlate.pages import Track
from triage.correlate.scene import Scene
from triage.correlate.sentences import error_clause, record_evidence


def at_risk(scene: Scene) -> list[Track]:
    """Open pages of a boot without a crash, those that software alone marked left out."""
    if scene.crash is not None or scene.boot.followed_by == "capture-kernel":
        return []
    return [track for track in scene.tracks if track.page.open and not track.software_only]


def outcome(scene: Scene) -> str:
    """What became of the host, as far as the log shows."""
    if scene.boot.followed_by == "boot":
        return "The machine was restarted afterwards; how that boot ended is not in the log."
    return "The host still runs, as far as the log goes: its next access there stops it or returns corrupt data."


def finding(scene: Scene, tracks: list[Track], raises: tuple[str, ...]) -> Finding:
    """What is at risk."""
    more = f" ({len(tracks) - 1} more such page(s))" if len(tracks) > 1 else ""
    return Finding(
        summary=f"{error_clause(tracks[0])}{more}. {outcome(scene)}",
        evidence=tuple(e for track in tracks[:4] for e in record_evidence(track)),
        pages=tuple(track.page.pfn for track in tracks),
        would_raise=raises,
    )


def find(scene: Scene) -> Finding | None:
    tracks = [track for track in at_risk(scene) if track.records and track.page.log_result == "Ignored"]
    return (
        finding(scene, tracks, ("The page's type, from the running kernel (triage page /proc/kcore).",))
        if tracks
        else None
    )


RULE = Ground(
    name="risk_open_page",
    cause="no-crash",
    confidence="strong",
    says="no crash, but a recorded error in a page that memory_failure() ignored",
    find=find,
)
