"""What makes two inputs one crash, and what does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.samples import BOOT, console, dmesg, put
from tests.fleet.test_run import counted, take
from triage.fleet.identity import of_clock
from triage.fleet.store import Store
from triage.model import Crash

CAPTURE = (
    (0.0, BOOT),
    (0.0, "Command line: root=/dev/sda1 elfcorehdr=0x7f000000 nr_cpus=1"),
    (0.5, "BERT: Error records from previous boot:"),
    (0.5, "[Hardware Error]: event severity: fatal"),
    (0.5, "[Hardware Error]:  Error 0, type: fatal"),
    (0.5, "[Hardware Error]:   section_type: memory error"),
    (0.5, "[Hardware Error]:   physical_address: 0x000000040272d240"),
    (12.0, "reboot: Restarting system"),
)


def cut(text: str) -> str:
    """The log with the first line of its crash cut short."""
    made = re.sub(r"(non-canonical address 0x\w{6})\w+: .*", r"\1", text)
    assert made != text
    return made


def untimed(text: str) -> str:
    """A console's log without the kernel's own times."""
    return re.sub(r"kernel: \[ *[\d.]+\] ", "kernel: ", text)


def at(text: str, seconds: float) -> str:
    """The log of a clock that is so many seconds ahead."""
    return re.sub(r"10:03:(\d\d)", lambda m: f"10:03:{int(m[1]) + seconds:02.0f}", text)


def test_a_crash_is_known_by_its_host_and_microsecond_where_its_first_line_was_cut(
    tmp_path: Path, empty: Store
) -> None:
    text = console("node7", 200.123456)
    put(tmp_path / "a/console.log", text)
    put(tmp_path / "a/net.txt", cut(text).replace(" node7 ", " NODE7 "))
    put(tmp_path / "a/other.txt", cut(text).replace(" node7 ", " node8 "))  # the same microsecond, another host
    take(tmp_path / "a", empty)
    assert sorted(counted(empty)["host"]) == ["node7", "node8"]


def test_a_cut_crash_without_a_host_stands_alone(tmp_path: Path, empty: Store) -> None:
    put(tmp_path / "a/1.log", console("localhost", 200.123456))
    put(tmp_path / "a/2.txt", cut(console("localhost", 200.123456)))
    take(tmp_path / "a", empty)
    assert len(counted(empty)) == 2


@pytest.mark.parametrize(("ahead", "cases"), [(0, 1), (4, 1), (30, 2)])
def test_a_crash_without_kernel_times_is_known_by_host_and_clock(
    tmp_path: Path, empty: Store, ahead: float, cases: int
) -> None:
    text = console("node7", 200.123456, error=True)
    put(tmp_path / "a/console.log", text)
    put(tmp_path / "b/node7.txt", at(untimed(text), ahead))
    take(tmp_path, empty)
    assert len(counted(empty)) == cases
    assert counted(empty)["cause"].iloc[0] == "memory-error"


def test_two_crashes_within_seconds_that_have_kernel_times_are_two(tmp_path: Path, empty: Store) -> None:
    """A machine that panics seconds after each start."""
    put(tmp_path / "a/1.log", console("node7", 200.123456))
    put(tmp_path / "a/2.log", at(console("node7", 200.234567), 3))
    take(tmp_path / "a", empty)
    assert len(counted(empty)) == 2


def test_a_clock_that_was_never_set_tells_nothing() -> None:
    def crash(wall: float | None) -> Crash:
        return Crash(kind="crash", source="x", first_line=1, last_line=1, header=("x",), wall_time=wall)

    assert of_clock(crash(200.0), "node7") == of_clock(crash(None), "node7") == of_clock(crash(1.8e9), None) == ()
    assert len(set(of_clock(crash(1.8e9), "node7"))) == 2
    for apart in range(100):
        pair: Any = [set(of_clock(crash(1.8e9 + apart / 10 + late), "node7")) for late in (0.0, 4.99)]
        assert pair[0] & pair[1]


def test_the_capture_kernels_boot_joins_the_crash_it_follows(tmp_path: Path, empty: Store) -> None:
    capture = "".join(f"[{time:12.6f}] {text}\n" for time, text in CAPTURE)
    put(tmp_path / "a/console.log", dmesg(200.5) + capture + dmesg(90.0, crash=False))
    take(tmp_path, empty)
    boots, errors = empty.read("boots"), empty.read("errors")
    assert boots["crashed"].tolist() == [True, False]
    assert errors["boot"].tolist() == [boots["boot"].iloc[0]] and errors["previous_boot"].all()


def test_the_capture_kernels_own_log_joins_the_crash_beside_it(tmp_path: Path, empty: Store) -> None:
    capture = "".join(f"[{time:12.6f}] {text}\n" for time, text in CAPTURE)
    put(tmp_path / "127.0.0.1-2026-11-23-02:40:33/kexec-dmesg.log", capture)
    put(tmp_path / "127.0.0.1-2026-11-23-02:40:33/vmcore-dmesg.txt", dmesg(200.5))
    take(tmp_path, empty)
    boots, errors = empty.read("boots"), empty.read("errors")
    assert boots["crashed"].tolist() == [True] and len(counted(empty)) == 1
    assert errors["boot"].tolist() == boots["boot"].tolist() and errors["previous_boot"].all()
