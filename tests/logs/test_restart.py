"""Restarts without a word: told only where a raw console shows them."""

from __future__ import annotations

import pytest

from triage.inputs import LogText
from triage.logs.parse import Parser
from triage.model import Crash

BANNER = "[    0.000000] Linux version 6.12.9-2-generic (builder@lab) (gcc 14.2.0) #1 SMP PREEMPT_DYNAMIC\n"
RUNNING = "[  812.402113] eth0: link becomes ready\n"
FIRMWARE = "SeaBIOS (version 1.16.3-2)\nBooting from Hard Disk...\n"
PANIC = "[  812.500000] Kernel panic - not syncing: hung_task: blocked tasks\n"


def crashes(log: str) -> list[Crash]:
    return [event for event in Parser(LogText("console", log.encode())).events() if isinstance(event, Crash)]


def test_a_running_kernel_then_the_firmware_is_a_restart() -> None:
    (found,) = crashes(BANNER + RUNNING + FIRMWARE + BANNER)
    assert (found.title, found.type, found.first_line) == ("unexpected kernel reboot", "REBOOT", 5)
    assert found.corrupted is None


@pytest.mark.parametrize(
    "log",
    [
        FIRMWARE + BANNER + RUNNING,  # one boot
        BANNER + RUNNING + BANNER,  # two kernel logs behind each other
        BANNER + RUNNING + "[  813.100000] reboot: Restarting system\n" + FIRMWARE + BANNER,
        BANNER + RUNNING + "[  813.100000] sysrq: Resetting\n" + FIRMWARE + BANNER,
        BANNER + "[    1.200000] ACPI: bus type\n" + FIRMWARE + BANNER,  # still booting
        BANNER + "Jan  7 10:00:01 web3 kernel: " + RUNNING + FIRMWARE + BANNER,  # a syslog
    ],
)
def test_ordinary_boots_are_none(log: str) -> None:
    assert crashes(log) == []


def test_a_crash_explains_the_boot() -> None:
    assert [crash.type for crash in crashes(BANNER + RUNNING + PANIC + FIRMWARE + BANNER)] == ["DoS"]


@pytest.mark.parametrize(
    "word", ["Booting the kernel.", "SeaBIOS (version 1.16.3-2)", "early console in extract_kernel"]
)
def test_a_log_may_end_in_the_firmware(word: str) -> None:
    (found,) = crashes(BANNER + RUNNING + "\n" + word + "\n")
    assert (found.title, found.first_line, found.corrupted) == ("unexpected kernel reboot", 4, None)
    assert crashes(BANNER + RUNNING + "reboot: ready\n" + "grub-install: done\n") == []
    assert crashes(word + "\n") == []


def test_an_end_mark_alone_is_a_crash_where_its_panic_is_lost() -> None:
    mark = "[  812.600000] ---[ end Kernel panic - not syncing: Fatal machine check ]---\n"
    (found,) = crashes(BANNER + RUNNING + mark)
    assert found.title == "kernel panic: Fatal machine check"
    assert len(crashes(BANNER + RUNNING + PANIC + RUNNING * 80 + mark)) == 1
