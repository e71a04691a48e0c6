"""The ladder: what may be concluded from what, and how surely. docs/verdicts.md is its mirror for readers.

Every file of `rules/` exposes `RULE`: a `Ground` is a rung (cause, confidence, and how to see that it is reached), a
`Limit` forbids
or lowers what a ground claims. `settle` collects the claims, applies the limits and takes the surest; nothing else
decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from triage.correlate.scene import Scene
from triage.model import CONFIDENCES, Cause, Confidence, Evidence
from triage.registry import modules

PRECEDENCE: tuple[Cause, ...] = ("operator", "memory-error", "other-hardware", "software", "unknown", "no-crash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """That a ground's condition holds: the sentence it justifies, its evidence, the pages it blames, what would make
    it surer."""

    summary: str
    evidence: tuple[Evidence, ...] = ()
    against: tuple[Evidence, ...] = ()
    pages: tuple[int, ...] = ()
    would_raise: tuple[str, ...] = ()
    inferred: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One rung: if `find` finds, `cause` holds with `confidence`. `says` is the rung in words."""

    name: str
    cause: Cause
    confidence: Confidence
    says: str
    find: Callable[[Scene], Finding | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A ground that holds, with the confidence that the limits leave it."""

    ground: Ground
    cause: Cause
    confidence: Confidence
    finding: Finding
    held_back: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What forbids or lowers claims of some causes: at most `cap`, or one level `down`, or another cause instead."""

    name: str
    causes: tuple[Cause, ...]
    says: str
    find: Callable[[Scene, Claim], Evidence | None]
    cap: Confidence | None = None
    down: bool = False
    becomes: Cause | None = None


def rules() -> tuple[Ground | Limit, ...]:
    """Every rule there is, in name order of its file."""
    return tuple(module.RULE for module in modules("triage.correlate.rules"))


def settle(scene: Scene) -> tuple[list[Claim], list[str]]:
    """All claims of a scene after the limits, surest first, and a line for each rule that failed."""
    failed: list[str] = []
    claims = [claim for rule in rules() if isinstance(rule, Ground) and (claim := claimed(rule, scene, failed))]
    for limit in (rule for rule in rules() if isinstance(rule, Limit)):
        claims = [limited(limit, scene, claim, failed) for claim in claims]
    return sorted(claims, key=rank), failed


def rank(claim: Claim) -> tuple[int, int]:
    """The order of claims: surer first; of equally sure ones the cause that a reader must not miss."""
    return -CONFIDENCES.index(claim.confidence), PRECEDENCE.index(claim.cause)


def claimed(ground: Ground, scene: Scene, failed: list[str]) -> Claim | None:
    """The claim of a ground, None if its condition does not hold; a failing rule is noted and never ends the run."""
    try:
        finding = ground.find(scene)
    except Exception as error:
        failed.append(f"rule {ground.name} failed: {type(error).__name__}: {error}")
        return None
    return Claim(ground=ground, cause=ground.cause, confidence=ground.confidence, finding=finding) if finding else None


def limited(limit: Limit, scene: Scene, claim: Claim, failed: list[str]) -> Claim:
    """The claim after one limit."""
    if claim.cause not in limit.causes:
        return claim
    try:
        reason = limit.find(scene, claim)
    except Exception as error:
        failed.append(f"rule {limit.name} failed: {type(error).__name__}: {error}")
        return claim
    cause, confidence = limit.becomes or claim.cause, lowered(claim.confidence, limit)
    if reason is None or (cause, confidence) == (claim.cause, claim.confidence):
        return claim
    return replace(claim, cause=cause, confidence=confidence, held_back=(*claim.held_back, reason))


def lowered(confidence: Confidence, limit: Limit) -> Confidence:
    """The confidence under a limit; one level down never goes below weak."""
    level = CONFIDENCES.index(confidence)
    if limit.down:
        level = max(level - 1, min(level, 1))
    if limit.cap is not None:
        level = min(level, CONFIDENCES.index(limit.cap))
    return CONFIDENCES[level]


def unique(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Evidence without repeats, in order."""
    return tuple(dict.fromkeys(evidence))
