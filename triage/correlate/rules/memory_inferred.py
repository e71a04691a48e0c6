"""Registers fall into the open page's reported line, if the linear map's base is the one that this very match suggests.

The base is a hypothesis that passed a test (its alignment); the chance of passing by accident is stated.
"""

from __future__ import annotations

import re

from triage.correlate.address import Guess
from triage.correlate.ladder import Finding, Ground
from triage.correlate.rules.memory_consumed import known_elsewhere
from triage.correlate.scene import Scene
from triage.correlate.sentences import (
    consumption_evidence,
    crash_clause,
    error_clause,
    later,
    link_evidence,
    record_evidence,
)
from triage.correlate.words import cite
from triage.model import Evidence

RAISES = (
    "A vmcore, or the PHYS_OFFSET line that the panic prints: either replaces the inferred base by the real one.",
)


def good(scene: Scene) -> list[Guess]:
    """Inferred matches that count: in the reported line, or by two registers of different value; all under one base."""
    if scene.consumed is None or known_elsewhere(scene):
        return []
    return [
        guess
        for guess in scene.guesses
        if guess.track.page.open
        and (not guess.track.late or (guess.track.polled and guess.line))
        and (guess.line or agreeing(guess))
        and not bypassed(guess, scene)
    ]


def agreeing(guess: Guess) -> bool:
    """Whether two registers of different value fit; a register and the address that it makes (x19+0x18) are one."""
    roots = {re.split(r"[+*-]", address.via)[0]: address.value for address in guess.addresses}
    return len(set(roots.values())) > 1


def bypassed(guess: Guess, scene: Scene) -> bool:
    """Whether the faulting access itself is known and fits the page under no base: a register points there, unused."""
    used = [address for address in scene.addresses if address.exact]
    return bool(used) and not any(address.exact for address in guess.addresses)


def chance(guess: Guess, scene: Scene) -> Evidence:
    """How probable the match is by accident."""
    names = ", ".join(address.via for address in guess.addresses)
    size = "64-byte line" if guess.line else "page"
    odds = max(-guess.chance_log2, 0)
    text = (
        f"The base {guess.base:#x} of the linear map is inferred, not printed: {names} of {guess.tested} kernel "
        "addresses "
        f"fit(s) the {size} under an aligned base; by chance that happens about once in 2^{odds}."
    )
    return cite(text, scene.crash)


def find(scene: Scene) -> Finding | None:
    guesses = good(scene)
    if not guesses:
        return None
    lines = [guess for guess in guesses if guess.line]
    best = lines or guesses
    track = best[0].track
    return Finding(
        summary=f"{error_clause(track)}; {later(scene, track)} {crash_clause(scene)} with a register that points "
        f"into that {'line' if best[0].line else 'page'}, as far as the log lets it be translated.",
        evidence=tuple(
            e for g in best for e in (*link_evidence(scene, g.track), chance(g, scene), *record_evidence(g.track))
        )
        + tuple(consumption_evidence(scene)),
        pages=tuple(guess.track.page.pfn for guess in best),
        would_raise=RAISES,
        inferred=True,
    )


RULE = Ground(
    name="memory_inferred",
    cause="memory-error",
    confidence="strong",
    says=(
        "a consumption fault and an inferred address in the open page's reported line, or two registers that "
        "agree on the page"
    ),
    find=find,
)
