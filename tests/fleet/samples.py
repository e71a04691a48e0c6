"""Logs written for the tests of runs: one crash, in the forms in which it reaches an archive."""

from __future__ import annotations

from pathlib import Path

BOOT = "Linux version 6.12.41 (build@factory) (gcc 14.2.0) #1 SMP"
CRASH = """general protection fault, probably for non-canonical address 0x{address:x}: 0000 [#1] PREEMPT SMP NOPTI
CPU: 3 PID: {pid} Comm: worker Not tainted 6.12.41 #1
Hardware name: Acme R750/0XYZ, BIOS 1.2 01/02/2026
RIP: 0010:d_lookup+0x5c/0x220
Call Trace:
 <TASK>
 __lookup_slow+0x40/0x110
 </TASK>
---[ end trace 0000000000000000 ]---
Kernel panic - not syncing: Fatal exception"""
ERROR = """EDAC MC0: 1 UE memory read error on DIMM_A1 (channel:1 slot:0 page:0x40272d offset:0x240 grain:32)
Memory failure: 0x40272d: unhandlable page.
Memory failure: 0x40272d: recovery action for get hwpoison page: Ignored"""


def lines(time: float = 200.0, *, pid: int = 1234, error: bool = False, crash: bool = True) -> list[tuple[float, str]]:
    """The (printk time, message) pairs of a boot that ends in a crash."""
    made = [(0.0, BOOT)]
    if error:
        made += [(time - 100 + 0.001 * n, text) for n, text in enumerate(ERROR.splitlines())]
    if crash:
        told = CRASH.format(address=0xDEAD000000000000 + pid, pid=pid)
        made += [(time + 0.000001 * n, text) for n, text in enumerate(told.splitlines())]
    return made


def dmesg(*args: float, **options: object) -> str:
    """As vmcore-dmesg.txt."""
    return "".join(f"[{time:12.6f}] {text}\n" for time, text in lines(*args, **options))  # type: ignore[arg-type]


def console(host: str, *args: float, **options: object) -> str:
    """As rsyslog writes it for a host."""
    stamp = "2026-11-20T10:{:02d}:{:09.6f}+00:00"
    return "".join(
        f"{stamp.format(int(time) // 60, time % 60)} {host} kernel: [{time:12.6f}] {text}\n"
        for time, text in lines(*args, **options)  # type: ignore[arg-type]
    )


def put(path: Path, text: str) -> Path:
    """Write a file and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
