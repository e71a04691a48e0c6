"""Which crashes speak for themselves as software: not those by which the kernel reports hardware or obeys an
operator."""

from __future__ import annotations

import re

from triage.correlate.consumption import is_machine_check, is_serror
from triage.correlate.rules.memory_declared import EDAC_PANIC, GHES_PANIC, declared_page, panics
from triage.correlate.scene import Scene
from triage.model import Crash

CHECKER = re.compile(
    r"KASAN|KMSAN|KCSAN|KFENCE|UBSAN|refcount_t|possible (?:circular|recursive|irq) locking|inconsistent lock state"
    r"|suspicious RCU usage|ODEBUG|bad unlock balance|invalid wait context"
    r"|sleeping function called from invalid context"
)


def checker(crash: Crash) -> str | None:
    """What a checker of the kernel calls the bug: `KASAN: slab-use-after-free Read in foo`; None if none spoke."""
    named = next((text for text in (crash.title, *crash.header) if CHECKER.search(text)), None)
    if named is None or ("KASAN" in named and len(crash.traces) < 1):
        return None
    return crash.title


def ordinary(scene: Scene) -> Crash | None:
    """The crash, if it is neither a hardware fault, nor a panic that reports one, nor asked for."""
    crash = scene.crash
    if crash is None or scene.consumed is not None or is_serror(crash) or is_machine_check(crash):
        return None
    if declared_page(crash) is not None or asked(scene) is not None:
        return None
    texts = panics(crash)
    return None if any(GHES_PANIC.search(text) or EDAC_PANIC.search(text) for text in texts) else crash


ASKED = (
    (
        re.compile(r"sysrq triggered crash|sysrq_handle_crash|sysrq: Trigger a crash|SysRq : Trigger a crash"),
        "a crash asked for by SysRq",
    ),
    (
        re.compile(r"unknown_nmi_panic|NMI: Not continuing|panic_on_unrecovered_nmi|Panic on NMI"),
        "a non-maskable interrupt sent to stop it",
    ),
)


def asked(scene: Scene) -> str | None:
    """Who asked for this crash: SysRq, or an NMI sent on purpose; None if nobody did."""
    crash = scene.crash
    if crash is None:
        return None
    words = [*panics(crash), crash.function or ""]
    return next((who for pattern, who in ASKED if any(pattern.search(word) for word in words)), None)
