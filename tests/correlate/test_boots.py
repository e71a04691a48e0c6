"""Boots of one log are told apart, logs of one boot are joined, copies are dropped; what is unsure stays apart."""

from __future__ import annotations

from dataclasses import replace

from tests.correlate.logs import abort, banner, crash, ghes, gpf, notice, unhandlable, verdict
from triage.correlate.boots import LogEvents, group
from triage.model import Boot, CoreFacts, Event, Source

PFN = 0x1507


def log(path: str, *events: Event, host: str | None = None, boot: str | None = None) -> LogEvents:
    source = Source(path=path, host=host, boot=boot)
    return LogEvents(source, tuple(replace(event, source=path) for event in events))


def times(found: Boot) -> list[float | None]:
    return [event.time for event in found.events]


def core(**more: object) -> CoreFacts:
    fields = {"path": "vmcore", "format": "elf", "types": "btf", "kernel": "6.12.1"}
    return CoreFacts(**{**fields, **more})  # type: ignore[arg-type]


# ---------------------------------------------------------------- one log, several boots


def test_a_banner_begins_a_boot() -> None:
    found = group([log("c.log", banner(), gpf(100.0), banner(), gpf(50.0))])
    assert [times(boot) for boot in found] == [[0.0, 100.0], [0.0, 50.0]]
    assert [event.boot for event in found[1].events] == [1, 1]


def test_a_time_that_falls_back_far_begins_a_boot_and_a_little_does_not() -> None:
    assert len(group([log("c.log", gpf(100.0), verdict(12.0, PFN))])) == 2
    (one,) = group([log("c.log", gpf(100.002), verdict(100.001, PFN))])
    assert times(one) == [100.001, 100.002]


def test_a_time_of_centuries_begins_no_boot() -> None:
    assert len(group([log("c.log", gpf(8163.4), gpf(17667518570.4), gpf(8164.0))])) == 1


def test_another_boot_id_begins_a_boot() -> None:
    events = [replace(gpf(100.0), boot_id="a"), replace(gpf(200.0), boot_id="b")]
    assert [boot.boot_id for boot in group([log("j.log", *events)])] == ["a", "b"]


def test_hosts_of_one_collected_log_are_told_apart() -> None:
    events = [replace(gpf(100.0), host="web01"), replace(gpf(90.0), host="web02.example.org")]
    assert [boot.host for boot in group([log("all.log", *events)])] == ["web01", "web02"]


def test_capture_kernel_is_a_boot_of_its_own() -> None:
    crashed = [banner(), abort(100.0)]
    capture = [banner(), notice(0.0, "capture-kernel", "elfcorehdr=0x7f000000"), ghes(1.0, 0x1507240)]
    found = group([log("c.log", *crashed, *capture)])
    assert [len(boot.events) for boot in found] == [2, 3]
    assert [boot.followed_by for boot in found] == ["capture-kernel", None]


def test_replayed_console_is_the_same_boot_and_each_record_stands_once() -> None:
    first = [banner(), verdict(80.5, PFN), abort(100.25)]
    again = [replace(event, first_line=event.first_line + 1000) for event in first]
    (one,) = group([log("c.log", *first, *again)])
    assert times(one) == [0.0, 80.5, 100.25]


# ---------------------------------------------------------------- several logs, one boot


def test_logs_that_share_a_record_are_one_boot_without_copies() -> None:
    shared = verdict(80.5, PFN)
    (one,) = group([log("a.log", ghes(80.4, 0x1507240), shared), log("b.log", shared, abort(100.0))])
    assert times(one) == [80.4, 80.5, 100.0]
    assert [source.path for source in one.sources] == ["a.log", "b.log"]


def test_logs_with_the_same_boot_id_are_one_boot() -> None:
    found = group([log("a", verdict(1.0, PFN), boot="x"), log("b", abort(9.0), boot="x"), log("c", gpf(9.5), boot="y")])
    assert [len(boot.events) for boot in found] == [2, 1]


def test_logs_of_one_host_that_agree_when_the_boot_began_are_one_boot() -> None:
    a = replace(verdict(80.0, PFN), wall_time=1080.0)
    b = replace(abort(100.0), wall_time=1100.4)
    assert len(group([log("a", a, host="web01"), log("b", b, host="web01")])) == 1
    assert len(group([log("a", a, host="web01"), log("b", b, host="web02")])) == 2


def test_other_kernel_is_another_boot_whatever_the_times() -> None:
    old, new, shared = banner("6.1.0"), banner("6.12.1"), verdict(80.5, PFN)
    assert len(group([log("a", old, shared), log("b", new, shared)])) == 2


def test_wall_clock_only_log_is_aligned_by_a_shared_record() -> None:
    journal = [
        replace(verdict(None, PFN), wall_time=1000.5),
        replace(crash(None, "general protection fault in foo", pid=7), wall_time=1020.0),
    ]
    (one,) = group([log("dmesg", ghes(80.4, 0x1507240), verdict(80.5, PFN)), log("journal", *journal)])
    assert times(one) == [80.4, 80.5, 100.0]


def test_three_logs_of_one_boot_join_by_a_record_with_the_same_wall_clock() -> None:
    def told(path: str, time: float | None, wall: float | None) -> LogEvents:
        return log(path, replace(verdict(time, PFN), wall_time=wall), host="web01")

    logs = [told("journal", 80.5, 1000.5), told("iso.log", None, 1000.0), told("no-year.log", None, None)]
    assert len(group(logs)) == 1
    weeks_later = told("next.log", None, 1000.0 + 604800)
    assert sorted(len(boot.sources) for boot in group([*logs, weeks_later])) == [1, 1, 2]
    elsewhere = log("other", replace(verdict(None, PFN), wall_time=1000.2), host="web02")
    assert sorted(len(boot.sources) for boot in group([*logs, elsewhere])) == [1, 3]


def test_unrelated_logs_stay_apart_and_say_so() -> None:
    found = group([log("a", verdict(80.5, PFN)), log("b", gpf(20.0))])
    assert len(found) == 2
    assert all("boot of its own" in boot.notes[0].text for boot in found)


# ---------------------------------------------------------------- cores


def test_core_takes_its_own_log_and_the_console_log_that_shares_a_record() -> None:
    died = abort(100.0)
    (one,) = group([log("vmcore", died), log("console", unhandlable(80.0, PFN), died)], [core()])
    assert one.core is not None
    assert times(one) == [80.0, 100.0]
    assert [source.kind for source in one.sources] == ["core", "log"]


def test_core_without_log_and_a_single_log_that_agrees_belong_together() -> None:
    (one,) = group([log("console", abort(100.0, kernel="6.12.1"))], [core(crash={"function": "d_lookup"})])
    assert one.core is not None


def test_core_and_log_that_disagree_stay_apart_with_the_reason() -> None:
    found = group([log("console", abort(100.0, kernel="6.1.0"))], [core()])
    assert len(found) == 2
    assert any("differ" in note.text for boot in found for note in boot.notes)
    found = group([log("console", gpf(100.0))], [core(crash={"function": "d_lookup"})])
    assert any("crashed in d_lookup" in note.text for boot in found for note in boot.notes)


# ---------------------------------------------------------------- parts of a rotated log

YEARLESS = 28_000_000.0  # seconds of the year at which the boots below began


def syslog(event: Event, *, printk: bool = False) -> Event:
    """The event as syslog has it: a wall clock without a year, and printk's time only where the kernel is told to."""
    assert event.time is not None
    return replace(event, host="node17", dial=YEARLESS + event.time, time=event.time if printk else None)


def test_a_boot_goes_on_in_the_next_part_of_a_rotated_log() -> None:
    older, newer = syslog(verdict(88690.5, PFN)), syslog(gpf(88757.8))
    for names in (("messages.1", "messages"), ("messages-20261115.gz", "messages-20261122"), ("m.log.2", "m.log.1")):
        (one,) = group([log(names[1], newer), log(names[0], older)])
        assert [event.source for event in one.events] == list(names)


def test_a_part_without_a_word_of_note_is_no_gap_and_one_that_is_not_there_is() -> None:
    older, newer = log("messages.2", syslog(verdict(88690.5, PFN))), log("messages", syslog(gpf(88757.8)))
    assert len(group([older, newer])) == 2
    # What says nothing is a boot of its own, and no case.
    assert [len(boot.sources) for boot in group([older, log("messages.1"), newer])] == [2, 1]


def test_parts_of_a_rotated_log_stay_apart_where_a_boot_or_a_doubt_is_between_them() -> None:
    older, newer = syslog(verdict(88690.5, PFN)), syslog(gpf(88757.8))
    assert len(group([log("m.1", older), log("m", syslog(banner()), newer)])) == 2
    assert len(group([log("m.1", older), log("m", replace(newer, dial=YEARLESS))])) == 2  # its clock falls back
    assert len(group([log("m.1", older), log("m", replace(newer, host="node18"))])) == 2
    assert len(group([log("m.1", older), log("n", newer)])) == 2


def test_logs_of_a_clock_without_year_are_joined_by_when_their_boot_began() -> None:
    older, newer = syslog(verdict(88690.5, PFN), printk=True), syslog(gpf(88757.8), printk=True)
    assert len(group([log("kern.log.1", older), log("kern.log", newer)])) == 1
    later = replace(newer, dial=YEARLESS + 88757.8 + 30.0)
    assert len(group([log("kern.log.1", older), log("kern.log", later)])) == 2


def test_the_clocks_of_one_boot_drift_apart_over_a_week() -> None:
    week = 604_800.0
    older, newer = syslog(verdict(100.0, PFN), printk=True), syslog(gpf(100.0 + week), printk=True)
    drifted = replace(newer, dial=YEARLESS + 100.0 + week + 15.0)
    assert len(group([log("kern.log.1", older), log("kern.log", drifted)])) == 1
    soon = replace(syslog(gpf(130.0), printk=True), dial=YEARLESS + 145.0)
    assert len(group([log("kern.log.1", older), log("kern.log", soon)])) == 2
