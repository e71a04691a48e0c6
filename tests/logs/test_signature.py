"""Names of crashes: the data is sound, and naming keeps what makes titles comparable."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from triage.logs import blame, signature
from triage.model import Crash, Frame, Trace

PLACES = set(blame.SOURCES)


def crash(header: str, *functions: str, kind: str = "oops", **known: Any) -> Crash:
    frames = tuple(Frame(function=name, offset=1, size=2) for name in functions)
    fields: dict[str, Any] = {"traces": (Trace(heading="Call Trace", frames=frames),) if functions else (), **known}
    base = Crash(kind=kind, source="log", first_line=1, last_line=9, header=(header,))
    return signature.named(replace(base, **fields))


def test_every_rule_can_be_used() -> None:
    for rule in signature.rules():
        words = dict.fromkeys(rule.header.groupindex, "x")
        assert signature.spelled(rule, words, "foo")
        assert set(rule.frame) <= PLACES
        assert bool(rule.frame) >= ("{frame}" in rule.title)


def test_no_rule_hides_another() -> None:
    headers = [rule.header.pattern for rule in signature.rules()]
    assert len(headers) == len(set(headers))


@pytest.mark.parametrize("group", ["helper", "owner", "shared", "sleep", "landmark", "interrupt", "dispatcher"])
def test_every_list_has_reasons_and_compiles(group: str) -> None:
    assert all(entry["reason"] for entry in blame.table()[group])
    assert not blame.names(group).fullmatch("")


@pytest.mark.parametrize(
    "name", ["stripe_read", "stream_open", "numbers_add", "vfs_statfs", "foo_panel_on", "printer_open"]
)
def test_helpers_are_whole_names(name: str) -> None:
    assert not blame.names("helper").fullmatch(name)


@pytest.mark.parametrize(
    ("function", "name"),
    [("__x64_sys_read", "sys_read"), ("SyS_read", "sys_read"), ("__do_sys_mount", "mount"), ("ext4_read", "ext4_read")],
)
def test_variants_have_one_name(function: str, name: str) -> None:
    assert blame.canonical(function, "DoS") == name


def test_only_stalls_join_what_waits_for_other_cpus() -> None:
    assert blame.canonical("smp_call_function_many_cond", "HANG") == "smp_call_function"
    assert blame.canonical("smp_call_function_many_cond", "WARNING") == "smp_call_function_many_cond"


@pytest.mark.parametrize("name", ["get_user_pages", "copy_page_range", "unwind_next_frame", "clear_page_dirty"])
def test_a_function_with_work_of_its_own_is_no_helper(name: str) -> None:
    assert not blame.names("helper").fullmatch(name)


def test_a_helper_with_a_lock_of_its_own_is_blamed_for_the_lock_alone() -> None:
    order = "WARNING: possible circular locking dependency detected"
    assert crash(order, "ring_drain", kind="lockdep", detail={"locked_in": ("__flush_work",)}).frame == "__flush_work"
    assert crash(order, "ring_drain", kind="lockdep", detail={"locked_in": ("mutex_lock",)}).frame == "ring_drain"
    assert (
        crash("WARNING: CPU: 0 PID: 1 at kernel/workqueue.c:9 __flush_work+0x1/0x2", "ring_drain").frame == "ring_drain"
    )


def test_the_caller_of_a_helper_is_blamed() -> None:
    found = crash(
        "WARNING: CPU: 0 PID: 1 at lib/refcount.c:28 refcount_warn_saturate+0x1/0x2",
        "refcount_warn_saturate",
        "peer_put",
    )
    assert (found.title, found.type, found.frame) == (
        "WARNING: refcount bug in peer_put",
        "REFCOUNT_WARNING",
        "peer_put",
    )


def test_inlined_and_doubtful_frames_are_not_blamed() -> None:
    frames = (
        Frame(function="stale", offset=1, size=2, reliable=False),
        Frame(function="inlined", inline=True),
        Frame(function="caller", offset=1, size=2),
    )
    found = crash(
        "BUG: scheduling while atomic: x/1/0x2", kind="bug", traces=(Trace(heading="Call trace", frames=frames),)
    )
    assert found.title == "BUG: scheduling while atomic in caller"


def test_a_report_without_function_says_so() -> None:
    found = crash("BUG: soft lockup - CPU#1 stuck for 22s! [x:1]", kind="stall")
    assert (found.title, found.corrupted) == ("BUG: soft lockup in corrupted", "no function to blame")


def test_an_unknown_header_is_its_own_title_without_numbers() -> None:
    found = crash("something at 0xffff888104a5b000 went wrong 17 times")
    assert found.title == "something at ADDR went wrong NUM times"
    assert found.corrupted


def test_an_injected_failure_in_the_trace_is_doubted() -> None:
    found = crash("kernel BUG at fs/x.c:1!", "x_read", "should_fail_ex", "kmalloc")
    assert found.corrupted == "the trace of an injected failure mixed in"


def test_a_report_around_another_is_doubted() -> None:
    found = crash("kernel BUG at fs/x.c:1!", "x_read", interrupted=True)
    assert found.corrupted == "another report in the middle"


def test_stall_before_an_interrupt_is_named_by_its_entry() -> None:
    functions = (
        "dump_stack",
        "rcu_check",
        "sysvec_apic_timer_interrupt",
        "asm_sysvec_apic_timer_interrupt",
        "copy",
        "store_write",
        "vfs_write",
    )
    found = crash("rcu: INFO: rcu_sched self-detected stall on CPU", *functions, kind="stall")
    assert found.frame == "store_write"
    assert re.fullmatch(r"INFO: rcu detected stall in \w+", found.title)


@pytest.mark.parametrize("dispatcher", ["process_scheduled_works", "__run_timer_base", "tasklet_action_common"])
def test_a_stall_is_named_after_the_work_that_was_handed_out(dispatcher: str) -> None:
    found = crash("watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [x:9]", "ring_scan", "ring_work", dispatcher)
    assert found.title == "BUG: soft lockup in ring_work"
