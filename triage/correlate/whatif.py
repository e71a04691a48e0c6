"""Would vm.panic_on_unrecoverable_memory_failure have panicked at the error? Under v4 of the series, and as merged
in Linux 7.3.

v4 (April 2026) panics on PG_reserved pages, on `high-order kernel page` and on `unknown page`, each only if Ignored.
Linux 7.3 panics on kernel-owned pages, if Ignored: PG_reserved, slab, page table, large kmalloc (mm/memory-failure.c,
is_kernel_owned_page()). Neither panics on pages whose type is shared with races: vmalloc, stacks, percpu, drivers'
pages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from triage.correlate.labels import is_since
from triage.correlate.pages import Track
from triage.correlate.scene import Scene
from triage.model import Counterfactual, Crash, MemoryFailure

Policy = Literal["v4", "linux-7.3"]
Answer = Literal["yes", "no", "depends"]

UNRECOVERABLE = re.compile(r"Memory failure: (0x[0-9a-f]+): unrecoverable page")
RESERVED = ("reserved", "kernel-image")
OWNED = ("slab", "page-table", "large-kmalloc")
KERNEL = ("unknown page", "kernel slab page", "reserved kernel page")  # labels of pages that only the kernel holds
PLAIN = ("vmalloc", "kernel-stack")
BY_TYPE: dict[Policy, dict[str, Answer]] = {
    "v4": {**dict.fromkeys(RESERVED, "yes"), **dict.fromkeys((*OWNED, *PLAIN), "no")},
    "linux-7.3": {**dict.fromkeys((*RESERVED, *OWNED), "yes"), **dict.fromkeys(PLAIN, "no")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    answer: Answer
    why: str


def counterfactuals(scene: Scene) -> tuple[Counterfactual, ...]:
    """One answer per policy and page with a verdict line, in the order of the pages."""
    ended = panicked(scene)
    return tuple(
        counterfactual(policy, track, scene, track.page.pfn in ended)
        for track in scene.tracks
        if track.page.log_result is not None
        for policy in ("v4", "linux-7.3")
    )


def counterfactual(policy: Policy, track: Track, scene: Scene, ended: bool) -> Counterfactual:
    """The answer for one page under one policy; `at` is printk seconds of the verdict line, `lead_seconds` to the
    crash."""
    page = track.page
    actual = ended and policy == running_policy(scene.kernel)
    reply = (
        Reply(answer="yes", why="this kernel did panic here, with the sysctl on")
        if actual
        else ask(policy, track, scene.kernel)
    )
    at = page.verdict_time if reply.answer != "no" else None
    return Counterfactual(
        policy=policy,
        pfn=page.pfn,
        would_panic=reply.answer,
        if_type=dict(BY_TYPE[policy]) if reply.answer == "depends" else {},
        at=at,
        lead_seconds=lead(at, scene.crash),
        actual=actual,
        why=reply.why,
    )


def running_policy(kernel: str | None) -> Policy:
    """Whose semantics a kernel that has the sysctl follows: 7.3's, unless it is an older one with the patch of the
    series."""
    return "v4" if is_since(kernel, 7, 3) is False else "linux-7.3"


def lead(at: float | None, crash: Crash | None) -> float | None:
    """How much earlier than the crash the panic would have come."""
    if at is None or crash is None or crash.time is None or crash.time < at:
        return None
    return round(crash.time - at, 6)


def panicked(scene: Scene) -> set[int]:
    """The pages for which the kernel printed the panic of the sysctl."""
    named = {f.pfn for f in scene.failures if f.action == "panic" and f.pfn is not None}
    texts = (text for crash in scene.crashes for text in (crash.panic or "", *crash.header))
    return named | {int(found[1], 16) for text in texts if (found := UNRECOVERABLE.search(text))}


def ask(policy: Policy, track: Track, kernel: str | None) -> Reply:
    """The decision for a page, from its verdict and its type."""
    page, label = track.page, track.page.log_label or ""
    # before 5.15 a kernel page that nothing could be done about was "still referenced" and Failed; since then Ignored
    given_up = page.log_result == "Failed" and label in KERNEL and is_since(kernel, 5, 15) is False
    if page.log_result != "Ignored" and not given_up:
        return Reply(answer="no", why=f"the result was {page.log_result}: only Ignored pages panic")
    if label == "reserved kernel page":
        return on_reserved_label(policy, track, kernel)
    if label == "kernel slab page":
        return by_type(policy, "slab")
    if label == "high-order kernel page" and is_since(kernel, 5, 15) is False:
        return by_type(policy, page.type, reserved_flag(track))  # what is compound, not huge and not on a list of users
    if label == "high-order kernel page":
        return v4_only(policy, "v4 panics on this label; 7.3 takes it for a passing state of the allocator")
    if label == "unknown page" and not given_up and passed_all_states(track.counted or track.reports, kernel):
        return v4_only(policy, "v4 panics on pages of unknown state; 7.3 does not take that for a ground to panic")
    if label in ("get hwpoison page", "unknown page"):
        if is_since(kernel, 7, 3):
            return Reply(
                answer="no", why="this kernel, 7.3 or later, had already found that the page is none that it owns"
            )
        return by_type(policy, page.type, reserved_flag(track))
    return Reply(answer="no", why=f'"{label}" is no kernel page under either policy')


def v4_only(policy: Policy, why: str) -> Reply:
    return Reply(answer="yes" if policy == "v4" else "no", why=why)


def on_reserved_label(policy: Policy, track: Track, kernel: str | None) -> Reply:
    """`reserved kernel page`: 7.3 panics on whatever it prints this for; v4 only if the page really is PG_reserved."""
    if policy == "linux-7.3":
        return Reply(answer="yes", why="the label of a kernel-owned page, and Ignored: what 7.3 panics on")
    return by_type(policy, track.page.type, reserved_flag(track))


def reserved_flag(track: Track) -> bool | None:
    """Whether the core saw PG_reserved on the page; None without a core's flags."""
    facts = track.page.facts
    return "reserved" in {flag.lower().removeprefix("pg_") for flag in facts.flags} if facts and facts.flags else None


def by_type(policy: Policy, kind: str, reserved: bool | None = None) -> Reply:
    """The decision from the page's real type; `depends` where that is not known."""
    if reserved:
        return Reply(
            answer="yes", why="the page is PG_reserved: relabelled and panicked on by v4, kernel-owned for 7.3"
        )
    if kind == "unknown":
        wanted = "PG_reserved pages only" if policy == "v4" else "slab, page table, large kmalloc and reserved pages"
        return Reply(answer="depends", why=f"the page's type is not known, and {policy} panics on {wanted}")
    answer = BY_TYPE[policy].get(kind, "no")
    if answer == "yes":
        return Reply(
            answer="yes", why=f"a {kind} page, Ignored: {'PG_reserved' if kind in RESERVED else 'kernel-owned'}"
        )
    if policy == "v4" and kind in OWNED:
        return Reply(answer="no", why=f"a {kind} page takes the path shared with passing states, which v4 leaves out")
    return Reply(answer="no", why=f"a {kind} page is none that {policy} panics on")


def passed_all_states(reports: Sequence[object], kernel: str | None) -> bool:
    """Whether `unknown page: Ignored` came from the end of the state table: `Unknown page state` stands before it,
    on 6.12 or later."""
    said = any(isinstance(r, MemoryFailure) and r.action == "unknown-state" for r in reports)
    refused = any(isinstance(r, MemoryFailure) and r.action == "unhandlable" for r in reports)
    return said or (bool(is_since(kernel, 6, 12)) and not refused)
