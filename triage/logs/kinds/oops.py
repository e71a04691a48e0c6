"""An exception in the kernel: a fault, a trap, BUG(), WARN() or UBSAN, of every architecture (arch/*/kernel, mm):

Unable to handle kernel paging request at virtual address dfff800000000001
Mem abort info:
  ESR = 0x0000000096000004
Internal error: Oops: 0000000096000004 [#1] SMP
CPU: 3 UID: 0 PID: 812 Comm: worker Not tainted 6.12.0 #1
pc : d_lookup+0x5c/0x220
Call trace:
 d_lookup+0x5c/0x220 (P)
Code: aa1303e1 97fff1c4 f9400673 b4000133 (b9402a60)
---[ end trace 0000000000000000 ]---
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _crash
from triage.model import Event

ANCHORS = (
    b" cut here ",
    b"list_add corruption",
    b"list_del corruption",
    b"Internal error: ",
    b"nable to handle kernel",
    b"BUG: unable to handle",
    b"BUG: kernel NULL pointer",
    b"BUG: K",  # powerpc; and the sanitizers
    b"ernel BUG at ",
    b"WARNING: CPU: ",
    b"WARNING: at ",
    b", CPU#",  # WARN() since 6.17
    b"UBSAN: ",
    b"[#",  # the die counter of every architecture
    b"general protection fault, ",
    b"PANIC",  # a double fault; an assertion of the Solaris porting layer
    b"stack guard page was hit",
    b"Unhandled fault: ",
    b"Alignment trap: not",
    b"Bad mode in ",
    b"SError Interrupt on CPU",
    b"RIP: 0010:",
    b"pc : ",
)
GAP = 60
REQUIRED = ("function", "traces", "code")

Fields = _crash.Fields


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One crash; registers alone are one only where an end mark says so, or the log begins with those of the kernel."""
    headless = not (fields["header"] or fields["complete"] or fields["panicked"])
    if headless and (base["first_line"] > _crash.HEADLESS_LINES or not fields.get("function")):
        return []
    if fields["values"].keys() <= {"message"}:  # "cut here" and a text, but not what it is
        return []
    return _crash.crash(fields, base)
