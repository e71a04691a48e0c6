"""Records that are cut, mixed or strewn with other lines, whatever their kind."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.samples import FOLDER, Sample
from triage.inputs import LogText
from triage.logs.grammar import kinds
from triage.logs.parse import Parser
from triage.model import Event

HARDWARE = (
    "aer", "aest", "bert", "cache_error", "cxl", "dpc", "edac", "edac_mce", "eeh", "ghes", "ghes_note", "mce",
    "mce_amd", "mce_note", "mce_ppc", "mce_s390", "memory_failure", "notice", "pci_recovery", "thermal",
)  # fmt: skip
LOGS = {
    path.stem: Sample.read(path).log.decode().splitlines()
    for kind in HARDWARE
    for path in sorted(FOLDER.glob(f"{kind}-*.log"))
    if path.stem != "memory_failure-origin-excerpt"
}
JUNK = [
    "[  900.000000] usb 3-1: new high-speed USB device number 7 using xhci_hcd",
    "[  900.000000][  T999] audit: type=1400 audit(1767323045.120:33): apparmor=\"ALLOWED\"",
    "Jan  2 03:04:05 host dhclient[812]: bound to 192.0.2.7 -- renewal in 1021 seconds.",
    "\x1b[0m",
    "[  900.000000] \ufffd\ufffd",
]  # fmt: skip
patient = settings(deadline=None)  # the machine is shared
WHERE = {"lines", "first_line", "last_line", "source"}


def parse(lines: list[str]) -> tuple[list[Event], list[tuple[int, str]]]:
    parser = Parser(LogText("sample", "\n".join(lines).encode()))
    return list(parser.events()), parser.residue


def told(events: list[Event]) -> list[dict[str, Any]]:
    """What events say, without where they stand; sorted, as the end of a record decides its place."""
    out = [{name: value for name, value in asdict(event).items() if name not in WHERE} for event in events]
    return sorted(out, key=repr)


@patient
@given(st.sampled_from(sorted(LOGS)), st.data())
def test_no_line_of_a_cut_log_is_lost(name: str, data: st.DataObject) -> None:
    lines = LOGS[name]
    first = data.draw(st.integers(0, len(lines) - 1))
    last = data.draw(st.integers(first + 1, len(lines)))
    events, residue = parse(lines[first:last])
    owned = {number + i for event in events for number, raw in event.lines for i in range(raw.count("\n") + 1)}
    anchors = [anchor.decode() for kind in HARDWARE for anchor in kinds()[kind].ANCHORS]
    for number, line in enumerate(lines[first:last], 1):
        if any(anchor in line for anchor in anchors) and number not in owned:
            assert number in {n for n, _ in residue} or is_silent(line)


def is_silent(line: str) -> bool:
    """Lines that a grammar knows and that mean nothing to us: bare hardware, a page size that tells nothing."""
    return any(
        words in line
        for words in (
            "bare hardware",
            "2.00 MiB page size",
            "Waiting for process",
            "secureboot",
            "Memory slots",
            "Boot Error Record Table",
            "BERT: [Firmware Bug]: table invalid",
        )
    )


@patient
@given(st.sampled_from(sorted(LOGS)), st.data())
def test_a_record_cut_at_its_end_says_less_but_nothing_else(name: str, data: st.DataObject) -> None:
    lines = LOGS[name]
    cut = data.draw(st.integers(1, len(lines)))
    whole, part = parse(lines)[0], parse(lines[:cut])[0]
    finished = [event for event in whole if event.last_line <= cut]
    assert len(part) >= len(finished)
    assert {event.kind for event in finished} <= {event.kind for event in part}


@patient
@given(st.sampled_from(sorted(set(LOGS) - {"ghes-wrapped"})), st.data())
def test_foreign_lines_change_nothing(name: str, data: st.DataObject) -> None:
    lines = LOGS[name]
    strewn = [line for known in lines for line in (*data.draw(st.lists(st.sampled_from(JUNK), max_size=1)), known)]
    assert told(parse(strewn)[0]) == told(parse(lines)[0])


def shuffle(data: st.DataObject, one: list[str], two: list[str]) -> list[str]:
    """The lines of both, each in its own order."""
    out, left, right = list[str](), list(one), list(two)
    while left or right:
        take = left if left and (not right or data.draw(st.booleans())) else right
        out.append(take.pop(0))
    return out


def ghes(number: int, address: int, caller: str) -> list[str]:
    head = f"[  500.000000][{caller:>7}] {{{number}}}[Hardware Error]: "
    return [
        f"{head}Hardware error from APEI Generic Hardware Error Source: 2",
        f"{head}event severity: recoverable",
        f"{head} Error 0, type: recoverable",
        f"{head}  section_type: memory error",
        f"{head}  physical_address: {address:#018x}",
        f"{head}  error_type: 3, multi-bit ECC",
    ]


@patient
@given(st.data())
def test_apei_records_interleave_by_number(data: st.DataObject) -> None:
    one, two = ghes(4, 0x1122334440, "T7"), ghes(5, 0x5566778880, "T7")
    mixed, _ = parse(shuffle(data, one, two))
    assert told(mixed) == told([*parse(one)[0], *parse(two)[0]])


def mce(cpu: int, address: int, caller: str) -> list[str]:
    head = f"[  500.000000][{caller:>7}] mce: [Hardware Error]: "
    return [
        f"{head}CPU {cpu}: Machine Check Exception: 5 Bank 7: bd80000000100134",
        f"{head}RIP 10:<ffffffff9a3c1e20> {{copy_mc_fragile+0x20/0x90}}",
        f"{head}TSC 5f2ab1c04d2 ADDR {address:x} MISC 86 ",
        f"{head}PROCESSOR 0:606a6 TIME 1767323045 SOCKET 1 APIC 4a microcode d0003a5",
    ]


@patient
@given(st.data())
def test_machine_checks_interleave_by_caller(data: st.DataObject) -> None:
    one, two = mce(12, 0x31C7A05240, "C12"), mce(40, 0x71C4E80, "C40")
    mixed, _ = parse(shuffle(data, one, two))
    assert told(mixed) == told([*parse(one)[0], *parse(two)[0]])


def aer(device: str, status: str) -> list[str]:
    return [
        f"[  500.000000] pcieport 0000:3a:00.0: AER: Uncorrectable (Non-Fatal) error message received from {device}",
        f"[  500.000000] nvme {device}: PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer",
        f"[  500.000000] nvme {device}:   device [144d:a80a] error status/mask={status}/00400000",
        f"[  500.000000] nvme {device}: AER:   TLP Header: 04000001 0000000f 3b000000 00000000",
    ]


@patient
@given(st.data())
def test_pcie_errors_interleave_by_device(data: st.DataObject) -> None:
    one, two = aer("0000:3b:00.0", "00004000"), aer("0000:3c:00.0", "00100000")
    mixed, _ = parse(shuffle(data, one, two))
    assert told(mixed) == told([*parse(one)[0], *parse(two)[0]])


@patient
@given(st.sampled_from(HARDWARE), st.text(max_size=60), st.text(max_size=200))
def test_anything_behind_an_anchor_is_read_without_failing(kind: str, before: str, after: str) -> None:
    for anchor in kinds()[kind].ANCHORS:
        parse([before + anchor.decode() + after])


def numbers(value: Any) -> list[int]:
    """All integers inside a value, however deep."""
    if isinstance(value, dict):
        return [n for inner in value.values() for n in numbers(inner)]
    if isinstance(value, list | tuple):
        return [n for inner in value for n in numbers(inner)]
    return [value] if isinstance(value, int) else []


@patient
@given(st.sampled_from(sorted(LOGS)), st.data())
def test_numbers_that_no_register_holds_are_not_taken_over(name: str, data: st.DataObject) -> None:
    line = data.draw(st.sampled_from(LOGS[name]))
    head, body = line[:17], line[17:]
    digits = data.draw(st.sampled_from(["9" * 70, "f" * 70, "0x" + "f" * 70, "-" + "9" * 70]))
    grown = re.sub(r"(?:0x)?[0-9a-f]*\d[0-9a-f]*", lambda found: data.draw(st.sampled_from([found[0], digits])), body)
    for event in parse([head + grown])[0]:
        assert all(abs(n) < 1 << 64 for n in numbers(asdict(event)))
