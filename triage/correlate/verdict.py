"""Judges one boot: builds the scene, settles the ladder, writes the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from triage.correlate import scene as scenes
from triage.correlate.actions import actions
from triage.correlate.ladder import Claim, settle, unique
from triage.correlate.reports import is_uncorrected
from triage.correlate.scene import Scene
from triage.correlate.sentences import record_evidence
from triage.correlate.shift import disagreements
from triage.correlate.whatif import counterfactuals
from triage.correlate.words import cite, page_name
from triage.model import CONFIDENCES, Boot, Case, Evidence, Note, PageHistory, Verdict

BLAMES = CONFIDENCES.index("likely")
BESIDE = 8  # pages beside the verdict that are worth a line each
EXCLUDES_SOFTWARE = ("memory-error", "other-hardware")


def judge(boot: Boot) -> Case | None:
    """The case of a boot; None if it has neither a crash nor an uncorrected error (corrected errors alone are no
    case)."""
    scene = scenes.build(boot)
    uncorrected = any(is_uncorrected(error) for _, error in scene.errors)
    if not (scene.crashes or uncorrected or scene.tracks) or is_leftover(scene):
        return None
    claims, failed = settle(scene)
    verdict = conclude(scene, claims)
    pages = blamed(scene, claims[0] if claims else None)
    whatif = counterfactuals(scene)
    return Case(
        verdict=verdict,
        boot=replace(boot, events=scene.events),
        crash=scene.crash,
        crashes=scene.crashes,
        errors=scene.errors,
        copies=scene.copies,
        pages=pages,
        links=scene.links,
        counterfactual=whatif,
        actions=actions(scene, verdict, pages, whatif),
        notes=(*boot.notes, *notes(scene, failed)),
    )


def is_leftover(scene: Scene) -> bool:
    """Whether a capture kernel, after the boot that crashed, shows nothing but what that one left in the banks."""
    second = any(event.boot > 0 for event in scene.events)
    return (
        second and scenes.is_capture(scene.boot) and not scene.crashes and all(e.previous_boot for _, e in scene.errors)
    )


def conclude(scene: Scene, claims: Sequence[Claim]) -> Verdict:
    """The verdict that the surest claim justifies, with what the others add or hold against it."""
    if not claims:
        return undecided(scene)
    best, others = claims[0], claims[1:]
    alike = [claim for claim in others if claim.cause == best.cause]
    unlike = [claim for claim in others if claim.cause not in (best.cause, "unknown")]
    evidence = unique((*best.finding.evidence, *(e for c in alike for e in c.finding.evidence), *transformed(best)))
    against = (
        *best.finding.against,
        *limits(best),
        *(e for claim in unlike for e in claim.finding.evidence),
        *standing(scene, best),
    )
    return Verdict(
        cause=best.cause,
        confidence=best.confidence,
        summary=best.finding.summary,
        software_excluded=best.confidence == "proven" and best.cause in EXCLUDES_SOFTWARE,
        evidence=evidence,
        against=tuple(e for e in unique(against) if e not in evidence),
        would_raise=best.finding.would_raise if best.confidence != "proven" else (),
    )


def transformed(claim: Claim) -> tuple[Evidence, ...]:
    """The reasons for another cause than the ground's own are evidence for that cause."""
    return claim.held_back if claim.cause != claim.ground.cause else ()


def limits(claim: Claim) -> tuple[Evidence, ...]:
    """The reasons that kept the confidence down."""
    return claim.held_back if claim.cause == claim.ground.cause else ()


def undecided(scene: Scene) -> Verdict:
    """Could not tell, because nothing matched: an honest result."""
    title = scene.crash.title if scene.crash else "no crash"
    return Verdict(
        cause="unknown" if scene.crash else "no-crash",
        confidence="none",
        summary=f"Could not tell what is behind this: {title}, and no rule finds enough in the log to say more.",
        evidence=(cite(f"The crash: {title}.", scene.crash),) if scene.crash else (),
        would_raise=("A complete log from boot to crash, or a vmcore.",),
    )


def standing(scene: Scene, best: Claim) -> list[Evidence]:
    """Pages that stand beside the verdict: handled ones against memory, open ones against everything else."""
    found: list[Evidence] = []
    named = set(best.finding.pages)
    for track in scene.tracks:
        if len(found) == BESIDE:
            break
        if track.page.pfn in named or scene.crash is None:
            continue
        if track.page.open and best.cause != "memory-error" and track.counted:
            found += [
                replace(e, text=f"Not blamed, but open: {page_name(track.page)}. {e.text}")
                for e in record_evidence(track)[-1:]
            ]
        elif not track.page.open and best.cause == "memory-error":
            found += [
                replace(e, text=f"Not this one: {page_name(track.page)}. {e.text}") for e in record_evidence(track)[-1:]
            ]
    return found


def blamed(scene: Scene, best: Claim | None) -> tuple[PageHistory, ...]:
    """The pages, with the one that the verdict blames marked: never by order alone, never one of several."""
    pfns = best.finding.pages if best else ()
    mark = (
        best is not None and best.cause in ("memory-error", "operator") and CONFIDENCES.index(best.confidence) >= BLAMES
    )
    guilty = pfns[0] if mark and len(pfns) == 1 else None
    return tuple(replace(t.page, blamed=True) if t.page.pfn == guilty else t.page for t in scene.tracks)


def notes(scene: Scene, failed: Sequence[str]) -> list[Note]:
    """What failed or could not be worked out."""
    found = [Note(text=text) for text in failed]
    if scene.shift.bits is None and any(e.physical_address is not None and is_uncorrected(e) for _, e in scene.errors):
        found.append(
            Note(text=f"The kernel's page size is unknown, so addresses were not put into pages: {scene.shift.how}.")
        )
    for error in disagreements([e for _, e in scene.errors], scene.shift)[:3]:
        found.append(
            Note(text=f"Line {error.first_line}: address and page of one record disagree.", source=error.source)
        )
    return found
