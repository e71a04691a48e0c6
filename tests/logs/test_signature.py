"""Names of crashes: the data is sound, and naming keeps what makes titles comparable."""

from __future__ import annotations

import re

import pytest

from triage.inputs import LogText
from triage.logs import blame, signature
from triage.logs.kinds._clues import Clue
from triage.logs.parse import Parser
from triage.model import Crash

WORDS = {"header", "pointer", "frames", "frame", "lock", "interrupt", *blame.HEADINGS}
GROUPS = ["helper", "foreign", "shared", "sleep", "landmark", "interrupt", "dispatcher"]


def crash(header: str, *functions: str, before: tuple[Clue, ...] = (), kind: str = "oops") -> Crash:
    """A crash whose clues are those before its call trace, and the frames of that."""
    trace = (Clue("trace", "Call Trace"), *(Clue("frame", name) for name in functions)) if functions else ()
    lines = tuple(header.splitlines())
    names = signature.names(lines, None, (*before, *trace))
    return Crash(kind=kind, source="log", first_line=1, last_line=9, header=lines, **names)


def crashes(*lines: str) -> list[Crash]:
    text = "\n".join(f"[    5.000000] {line}" for line in lines) + "\n"
    return [event for event in Parser(LogText("log", text.encode())).events() if isinstance(event, Crash)]


def test_every_rule_can_be_used() -> None:
    for rule in signature.rules():
        words = dict.fromkeys(rule.header.groupindex, "x")
        assert signature.spelled(rule, words, (blame.Name("foo", "foo"),))
        assert {word.rstrip("!") for path in rule.frame for word in path.split()} <= WORDS
        assert rule.pick in blame.PICKS
        assert bool(rule.frame) >= ("{frame}" in rule.title)


def test_no_rule_hides_another() -> None:
    headers = [rule.header.pattern for rule in signature.rules()]
    assert len(headers) == len(set(headers))


@pytest.mark.parametrize("group", GROUPS)
def test_every_list_has_reasons_and_compiles(group: str) -> None:
    assert all(entry["reason"] for entry in blame.table()[group])
    assert not blame.names(group).search("")


@pytest.mark.parametrize(
    "name", ["stripe_read", "stream_open", "numbers_add", "vfs_statfs", "foo_release_all", "clear_page_dirty"]
)
def test_a_function_with_work_of_its_own_is_no_helper(name: str) -> None:
    assert blame.guilty(name, None)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("__x64_sys_read", "sys_read"),
        ("SyS_read", "read"),
        ("__do_sys_mount", "mount"),
        ("__se_sys_mount", "mount"),
        ("ext4_read", "ext4_read"),
    ],
)
def test_variants_have_one_name(function: str, name: str) -> None:
    assert blame.Name.of(function).canonical == name


def test_other_spellings_of_a_name_are_alternative_titles() -> None:
    found = crash("BUG: kernel NULL pointer dereference, address: 0", before=(Clue("pointer", "__se_sys_foo"),))
    assert found.title.endswith(" in foo")
    assert {title.rpartition(" ")[2] for title in found.alt_titles} == {"foo", "sys_foo", "__se_sys_foo"}


def test_only_stalls_join_what_waits_for_other_cpus() -> None:
    stalled = crash("BUG: soft lockup - CPU#1 stuck for 22s! [x:1]", "smp_call_function_many_cond", "flush_all")
    assert stalled.frame == "smp_call_function"
    warned = crash("WARNING: CPU: 0 PID: 1 at kernel/smp.c:9 x+0x1/0x2", "smp_call_function_many_cond", "flush_all")
    assert warned.frame == "smp_call_function_many_cond"


def test_a_deadlock_is_named_after_the_lock_that_was_wanted_then_the_one_held() -> None:
    order = "WARNING: possible circular locking dependency detected"
    locks = (Clue("lock", "ring_drain"), Clue("lock", "ring_open"))
    assert crash(order, "dump_stack", before=locks).frame == "ring_drain"
    locks = (Clue("lock", "mutex_lock"), Clue("lock", "ring_open"))
    assert crash(order, "dump_stack", before=locks).frame == "ring_open"


def test_recursion_is_named_after_the_lock_whoever_took_it() -> None:
    locks = (Clue("lock", "lock_class_reset"),)
    assert crash("WARNING: possible recursive locking detected", "x", before=locks).frame == "lock_class_reset"


def test_the_caller_of_a_helper_is_blamed() -> None:
    header = "WARNING: CPU: 0 PID: 1 at lib/refcount.c:28 refcount_warn_saturate+0x1/0x2"
    found = crash(header, "refcount_warn_saturate", "peer_put")
    assert (found.title, found.type, found.frame) == (
        "WARNING: refcount bug in peer_put",
        "REFCOUNT_WARNING",
        "peer_put",
    )


def test_the_pointer_stands_before_the_trace() -> None:
    header = "BUG: unable to handle page fault for address: ffffe000"
    assert crash(header, "caller", before=(Clue("pointer", "victim"),)).frame == "victim"
    assert crash(header, "caller", before=(Clue("pointer", "memcpy"),)).frame == "caller"


def test_inlined_and_doubtful_frames_are_not_blamed() -> None:
    (found,) = crashes(
        "BUG: scheduling while atomic: x/1/0x2",
        "Call trace:",
        " ? stale+0x1/0x2",
        " inlined kernel/x.c:12 [inline]",
        " caller+0x1/0x2",
    )
    assert found.title == "BUG: scheduling while atomic in caller"


def test_a_report_without_function_says_so() -> None:
    found = crash("BUG: soft lockup - CPU#1 stuck for 22s! [x:1]", kind="stall")
    assert (found.title, found.corrupted) == ("BUG: soft lockup in corrupted", "no function to blame")


def test_a_function_that_the_title_does_not_trust_is_still_a_field() -> None:
    found = crash("WARNING: CPU: 1 PID: 1 at fs/x.c:1 x_open+0x1/0x2", before=(Clue("header", "x_open"),))
    assert (found.title, found.frame, found.corrupted) == ("WARNING in corrupted", "x_open", "no function to blame")


def test_an_unknown_header_is_its_own_title_without_what_changes() -> None:
    found = crash("something at 0xffff888104a5b000 in x+0x1/0x2 of 10.0.0.1 on CPU#3 went wrong 17 times at net/x.c:12")
    assert found.title == "something at ADDR in x of IP on CPU went wrong NUM times at net/x.c:LINE"
    assert found.corrupted


def test_titles_are_short_and_printable() -> None:
    found = crash("\x07BUG:  odd \t " + "x " * 200)
    assert found.title.startswith("BUG: odd x x")
    assert len(found.title) <= signature.TITLE_MAX


def test_an_injected_failure_in_the_trace_is_doubted() -> None:
    found = crash("kernel BUG at fs/x.c:1!", "should_fail", "kmalloc", before=(Clue("pointer", "x_read"),))
    assert (found.frame, found.corrupted) == ("x_read", "the trace of an injected failure mixed in")


def test_what_a_panic_repeats_names_nothing() -> None:
    lines = [f"line {i}" for i in range(25)]
    (found,) = crashes(
        "WARNING: CPU: 1 PID: 9 at fs/x.c:1 x_open+0x1/0x2",
        *lines,
        "Kernel panic - not syncing: panic_on_warn set ...",
        "Call Trace:",
        " do_open+0x1/0x2",
    )
    assert (found.title, found.panicked) == ("WARNING in corrupted", True)


def test_a_report_ends_where_another_begins_on_a_console_without_printers() -> None:
    found = crashes(
        "WARNING: CPU: 1 PID: 9 at fs/x.c:1 x_open+0x1/0x2",
        "BUG: sleeping function called from invalid context at kernel/x.c:1",
        "Modules linked in:",
        "RIP: 0010:y_read+0x1/0x2",
        "Call Trace:",
        " y_read+0x1/0x2",
    )
    assert [crash.title for crash in found] == [
        "WARNING in corrupted",
        "BUG: sleeping function called from invalid context in y_read",
    ]


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


def test_hangs_on_what_the_whole_system_waits_for_have_its_name() -> None:
    header = "INFO: task ip:9 blocked for more than 120 seconds."
    assert crash(header, "schedule", "__mutex_lock", "rtnl_lock", "tun_open").title == "INFO: task hung in rtnl_lock"
    assert crash(header, "__synchronize_srcu", "vm_close").frame == "synchronize_rcu"
    assert crash(header, "schedule", "io_wait", "log_commit").frame == "log_commit"


@pytest.mark.parametrize("dispatcher", ["process_scheduled_works", "__run_timer_base", "tasklet_action_common"])
def test_a_stall_is_named_after_the_work_that_was_handed_out(dispatcher: str) -> None:
    header = "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [x:9]"
    found = crash(header, "ring_work", dispatcher, before=(Clue("pointer", "ring_scan"),))
    assert found.title == "BUG: soft lockup in ring_work"


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (["kernel BUG at lib/list_debug.c:50!", "Call Trace:", " list_del+0x1/0x2", " q_pop+0x1/0x2"], "q_pop"),
        (
            ["list_del corruption, x is y", "kernel BUG at lib/list_debug.c:5!", "Call Trace:", " q_pop+0x1/0x2"],
            "q_pop",
        ),
        (["list_del corruption, x is y", "RIP: 0010:q_pop+0x1/0x2", "---[ end trace 0000000000000000 ]---"], "q_pop"),
    ],
)
def test_a_message_names_a_crash_only_where_no_other_line_does(lines: list[str], title: str) -> None:
    assert [found.title for found in crashes("------------[ cut here ]------------", *lines)] == [
        f"BUG: corrupted list in {title}"
    ]


def test_the_name_of_a_lock_may_be_a_page_of_code() -> None:
    name = (
        "(work_completion)(&(({ do { " + "const void *__verify = (typeof((worker) + 0))((void *)0); " * 4 + "})->work)"
    )
    (found,) = crashes(
        "WARNING: possible circular locking dependency detected",
        "ringd/811 is trying to acquire lock:",
        f"ffff888104a5b000 ({name}){{+.+.}}-{{0:0}}, at: ring_sync+0x44/0x90",
    )
    assert found.title == "possible deadlock in ring_sync"


def test_the_end_of_a_slab_report_begins_with_the_heading_of_a_trace() -> None:
    (found,) = crashes("INFO: Freed in ring_drop+0x14/0x20 age=57 cpu=0 pid=811", " ring_drop+0x14/0x20")
    assert found.title == "INFO: Freed in ring_drop age=NUM cpu=NUM pid=NUM"
    assert found.corrupted


def test_a_hung_task_may_have_a_name_of_bytes() -> None:
    (found,) = crashes("INFO: task r\xfe\xc3:811 bl", "Call Trace:", " schedule+0x1/0x2", " ring_sync+0x1/0x2")
    assert (found.title, found.type) == ("INFO: task hung in ring_sync", "HANG")
