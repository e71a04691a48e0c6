"""How crash records begin, end, and keep apart."""

from __future__ import annotations

import pytest

from triage.inputs import LogText
from triage.logs.parse import Parser
from triage.model import Crash

HEADERS = (
    "WARNING: CPU: 0 PID: 1 at fs/x.c:1 x_read+0x1/0x2",
    "kernel BUG at fs/x.c:1!",
    "BUG: unable to handle page fault for address: ffffc90003a5f0d8",
    "BUG: KASAN: use-after-free in x_read+0x1/0x2",
    "INFO: task worker:12 blocked for more than 120 seconds.",
    "WARNING: possible circular locking dependency detected",
    "BUG: scheduling while atomic: worker/12/0x00000002",
)
BODY = """\
[    2.000000] CPU: 0 UID: 0 PID: 1 Comm: x y Tainted: G   M               6.12.0 #1
[    2.000001] Call Trace:
[    2.000002]  x_open+0x3/0x4
"""


def crashes(log: str) -> list[Crash]:
    found = [event for event in Parser(LogText("log", log.encode())).events() if isinstance(event, Crash)]
    return sorted(found, key=lambda crash: crash.first_line)


@pytest.mark.parametrize("header", HEADERS)
def test_a_flood_of_headers_is_as_many_crashes(header: str) -> None:
    assert len(crashes(f"[    1.000000] {header}\n" * 500)) == 500


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize(
    "prefix", ["", "[    1.000000] ", "<4>[    1.000000][  T311] ", "Nov 23 02:11:47 app1 kernel: [    1.000000] "]
)
def test_a_header_is_known_behind_any_prefix(header: str, prefix: str) -> None:
    (found,) = crashes(f"{prefix}{header}\n")
    assert found.title != "unknown crash"


@pytest.mark.parametrize("header", HEADERS)
def test_a_panic_behind_a_report_is_part_of_it(header: str) -> None:
    panic = "[    3.000000] Kernel panic - not syncing: kernel: panic_on_warn set ...\n"
    (found,) = crashes(f"[    1.000000] {header}\n{BODY}{panic}{BODY}")
    assert (found.panicked, found.panic) == (True, "kernel: panic_on_warn set ...")
    assert (found.kernel, found.taint) == ("6.12.0", ("M",))
    assert found.task in ("x y", "worker")


@pytest.mark.parametrize("lines", range(1, 5))
def test_a_report_cut_anywhere_is_still_a_crash(lines: int) -> None:
    log = f"[    1.000000] {HEADERS[1]}\n{BODY}".splitlines(keepends=True)
    assert len(crashes("".join(log[:lines]))) == 1


def test_registers_alone_in_the_middle_of_a_log_are_no_crash() -> None:
    noise = "".join(f"[    1.00000{i}] eth0: link is up\n" for i in range(9))
    assert not crashes(noise + "[    2.000000] RIP: 0010:x_read+0x1/0x2\n[    2.000001] RAX: 0000000000000000\n")


def test_a_trace_alone_is_no_crash() -> None:
    assert not crashes(BODY)


def test_a_header_inside_a_line_is_found() -> None:
    (found,) = crashes("login: [   12.000000] kernel BUG at fs/x.c:1!\n")
    assert found.title.startswith("kernel BUG in")


def test_user_registers_stay_apart() -> None:
    log = (
        "[    1.000000] BUG: unable to handle page fault for address: ffffc90003a5f0d8\n"
        "[    1.000001] RIP: 0010:x_read+0x1/0x2\n[    1.000002] RAX: 0000000000000001 RBX: 0000000000000002\n"
        "[    1.000003] Call Trace:\n[    1.000004]  x_open+0x3/0x4\n"
        "[    1.000005] RIP: 0033:0x7f2b1c0a5f0d\n[    1.000006] RAX: 00000000000000aa RCX: 00000000000000bb\n"
    )
    (found,) = crashes(log)
    assert (found.registers["rax"], found.user_registers["rax"]) == (1, 0xAA)
    assert "rcx" not in found.registers
