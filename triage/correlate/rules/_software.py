"""Which crashes speak for themselves as software: not those by which the kernel reports hardware or obeys an
operator."""

from __future__ import annotations

import re

from triage.correlate.consumption import is_serror
from triage.correlate.rules._panics import declared_page, is_hardware, is_serr, panics
from triage.correlate.scene import Scene
from triage.model import Crash, Notice

CHECKER_TYPES = ("KASAN", "KMSAN", "KCSAN", "KFENCE", "UBSAN", "LOCKDEP", "REFCOUNT_WARNING", "ATOMIC_SLEEP")
CHECKER_TITLE = re.compile(r"^(?:KASAN|KMSAN|KCSAN|KFENCE|UBSAN|possible deadlock|ODEBUG bug|WARNING: refcount bug)\b")


def checker(crash: Crash) -> str | None:
    """What a checker of the kernel calls the bug: `KASAN: slab-use-after-free Read in foo`; None if none spoke.

    A KASAN report without stacks, and a fault that KASAN merely comments (`general protection fault`), do not count.
    """
    named = crash.type.startswith(CHECKER_TYPES) or CHECKER_TITLE.match(crash.title)
    if not named or crash.title.startswith(("general protection", "BUG: unable")):
        return None
    return crash.title if crash.traces or not crash.title.startswith("KASAN") else None


def ordinary(scene: Scene) -> Crash | None:
    """The crash, if it is neither a hardware fault, nor a panic that reports one, nor asked for."""
    crash = scene.crash
    if crash is None or scene.consumed is not None or is_serror(crash) or is_hardware(crash):
        return None
    told = declared_page(crash) is not None or asked(scene) is not None or is_nmi(crash)
    return None if told or is_shortage(crash) or is_restart(crash) else crash


SHORTAGE = re.compile(
    r"Out of memory: .{0,40}panic_on_oom|System is deadlocked on memory|Out of memory and no killable"
    r"|VFS: Unable to mount root fs|No working init found|Requested init .{0,200} failed"
)


def is_shortage(crash: Crash) -> bool:
    """Whether the kernel gave up for want of memory or of a root file system: neither a bug of its own nor hardware.

    Kernel panic - not syncing: Out of memory: compulsory panic_on_oom is enabled
    """
    return any(SHORTAGE.search(text) for text in panics(crash))


def is_restart(crash: Crash) -> bool:
    """Whether the machine went back to its firmware without a word: power, watchdog, firmware, hardware or software."""
    return crash.type == "REBOOT"


SYSRQ = re.compile(r"sysrq triggered crash|sysrq_handle_crash|sysrq: Trigger a crash|SysRq : Trigger a crash")
NMI = re.compile(r"unknown_nmi_panic|NMI: Not continuing|panic_on_unrecovered_nmi|Panic on NMI|\bAn NMI occurred")
UNKNOWN_NMI = "unknown_nmi_error"  # the kernel's function for one that no driver and no bit of the chipset explains


TRIGGER = re.compile(r"Trigger a crash")
OBEYED = 1.0  # seconds in which a kernel that is told to crash has crashed


def asked(scene: Scene) -> Crash | Notice | None:
    """What says that SysRq asked for this crash: the crash itself, or the kernel's word right before it."""
    crash = scene.crash
    if crash is None:
        return None
    if any(SYSRQ.search(word) for word in (*panics(crash), crash.function or "")):
        return crash
    told = (n for n in scene.notices if n.what == "sysrq" and TRIGGER.search(n.text) and scene.earlier(n))
    return next((n for n in told if n.time and crash.time and 0 <= crash.time - n.time <= OBEYED), None)


def is_nmi(crash: Crash) -> bool:
    """Whether a non-maskable interrupt stopped the kernel that is not said to tell of hardware.

    Kernel panic - not syncing: NMI: Not continuing
    """
    return not is_serr(crash) and any(NMI.search(text) for text in panics(crash))


def is_unknown_nmi(crash: Crash) -> bool:
    """Whether that interrupt had no reason known to the kernel: a button's or the BMC's has none."""
    called = {crash.function, *(frame.function for trace in crash.traces for frame in trace.frames)}
    return is_nmi(crash) and UNKNOWN_NMI in called
