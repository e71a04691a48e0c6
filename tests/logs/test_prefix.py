"""Every form of prefix comes off, the body stays whole, and no line however odd stops the reader."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.logs.prefix import Prefix, restart, split

ISO = "2026-11-23T02:11:47.123456+00:00"
# (what stands before the body, what is known from it)
FORMS: list[tuple[str, dict[str, object]]] = [
    ("", {}),
    ("[   70.471011] ", {"time": 70.471011}),
    ("[   70.471011][    T1] ", {"time": 70.471011, "caller": "T1"}),
    ("[   70.471011][T12345] ", {"time": 70.471011, "caller": "T12345"}),
    ("[   70.471011] [     C0] ", {"time": 70.471011, "caller": "C0"}),
    ("<4>[   70.471011] ", {"time": 70.471011, "level": 4}),
    ("<12>[   70.471011] ", {"time": 70.471011, "level": 4}),
    ("[   70.471011] <4>", {"time": 70.471011}),
    ("[   70.471011 <    0.000123>] ", {"time": 70.471011}),
    ("[<    0.000123>] ", {}),
    ("[  +0.000123] ", {}),
    ("[Nov23 02:11] ", {"wall": "Nov23 02:11"}),
    ("[Mon Nov 23 02:11:47 2026] ", {"wall": "Mon Nov 23 02:11:47 2026"}),
    ("[Mon Nov 23 02:11:47 UTC 2026] ", {"wall": "Mon Nov 23 02:11:47 UTC 2026"}),
    ("kern  :err   : [   70.471011] ", {"time": 70.471011, "level": 3}),
    ("kern  :warn  : [Mon Nov 23 02:11:47 2026] ", {"level": 4, "wall": "Mon Nov 23 02:11:47 2026"}),
    ("6,123,70471011,-;", {"time": 70.471011, "level": 6}),
    ("4,123,70471011,c,caller=T77;", {"time": 70.471011, "level": 4, "caller": "T77"}),
    ("6.12.0-2-amd64,4,123,70471011,-,caller=C3;", {"time": 70.471011, "level": 4, "caller": "C3"}),
    ("Nov 23 02:11:47 db7 kernel: ", {"wall": "Nov 23 02:11:47", "host": "db7"}),
    ("Nov 23 02:11:47 db7 kernel: [   70.471011] ", {"wall": "Nov 23 02:11:47", "host": "db7", "time": 70.471011}),
    (
        "<4>Nov  3 02:11:47 db7 kernel: [   70.471011] ",
        {"wall": "Nov  3 02:11:47", "host": "db7", "time": 70.471011, "level": 4},
    ),
    ("Nov 23 02:11:47.123456 db7 kernel: ", {"wall": "Nov 23 02:11:47.123456", "host": "db7"}),
    (
        "Nov 23 02:11:47 db7 kern.err kernel: [   70.471011] ",
        {"wall": "Nov 23 02:11:47", "host": "db7", "time": 70.471011},
    ),
    (
        "Mon Nov 23 02:11:47 2026 kern.err kernel: [   70.471011] ",
        {"wall": "Mon Nov 23 02:11:47 2026", "time": 70.471011},
    ),
    ("2026-11-23T02:11:47+0000 db7 kernel: ", {"wall": "2026-11-23T02:11:47+0000", "host": "db7"}),
    (f"{ISO} db7 kernel: [   70.471011][   T12] ", {"wall": ISO, "host": "db7", "time": 70.471011, "caller": "T12"}),
    ("Mon 2026-11-23 02:11:47 UTC db7 kernel: ", {"wall": "Mon 2026-11-23 02:11:47 UTC", "host": "db7"}),
    ("[   70.471011] db7 kernel: ", {"time": 70.471011, "host": "db7"}),
    ("1795399907.123456 db7 kernel: ", {"wall": "1795399907.123456", "host": "db7"}),
    (f"<4>1 {ISO} db7 kernel - - - ", {"wall": ISO, "host": "db7", "level": 4}),
    (f"<4>1 {ISO} db7 kernel - - - [   70.471011] ", {"wall": ISO, "host": "db7", "level": 4, "time": 70.471011}),
    (f'<4>1 {ISO} db7 kernel - - [meta sequenceId="1"] ', {"wall": ISO, "host": "db7", "level": 4}),
    ("Nov 23 02:11:47 10.0.0.5 [   70.471011] ", {"wall": "Nov 23 02:11:47", "host": "10.0.0.5", "time": 70.471011}),
    (
        "Nov 23 02:11:47 10.0.0.5 6,1,70471011,-;",
        {"wall": "Nov 23 02:11:47", "host": "10.0.0.5", "time": 70.471011, "level": 6},
    ),
    (
        "2026-11-23T02:11:47.123456789Z stdout F [   70.471011] ",
        {"wall": "2026-11-23T02:11:47.123456789Z", "time": 70.471011},
    ),
    ("2026-11-23T02:11:47.123456789Z [   70.471011] ", {"wall": "2026-11-23T02:11:47.123456789Z", "time": 70.471011}),
    ("[2026-11-23T02:11:47.123Z] [   70.471011] ", {"wall": "2026-11-23T02:11:47.123Z", "time": 70.471011}),
    ("console [ttyS0] [   70.471011] ", {"time": 70.471011}),
    ("db7 login: [   70.471011][    T1] ", {"time": 70.471011, "caller": "T1"}),
    ("web-1  | [   70.471011] ", {"time": 70.471011}),
    ("** 2395 printk messages dropped ** [   70.471011] ", {"time": 70.471011}),
    ("> [   70.471011] ", {"time": 70.471011}),
    ("> > [   70.471011] [ T12] ", {"time": 70.471011, "caller": "T12"}),
    (">> <4>[   70.471011] ", {"time": 70.471011, "level": 4}),
    ("| [   70.471011] ", {"time": 70.471011}),
    ("    [   70.471011] ", {"time": 70.471011}),
    ("\t[   70.471011] ", {"time": 70.471011}),
    ("> Nov 23 02:11:47 db7 kernel: ", {"wall": "Nov 23 02:11:47", "host": "db7"}),
    ("\x1b[0;31m[   70.471011] ", {"time": 70.471011}),
    ("\x1b[32m[   70.471011] \x1b[0m", {"time": 70.471011}),
    ("\r[   70.471011] ", {"time": 70.471011}),
    ("half a line\r[   70.471011] ", {"time": 70.471011}),
    ("\x00\x00\x00[   70.471011] ", {"time": 70.471011}),
    ("\ufeff[   70.471011] ", {"time": 70.471011}),
    ("70.471011] ", {}),
    ("kernel: ", {}),
]
# Bodies of the kernel: any printable text that does not itself begin with an element of a prefix.
BODIES = st.one_of(
    st.sampled_from(
        [
            "Memory failure: 0x1a2b3: recovery action for free buddy page: Recovered",
            "{1}[Hardware Error]:   physical_address: 0x0000000012345678",
            "[Hardware Error]: event severity: fatal",
            "  physical_address: 0x0000000012345678",
            "   error_info: 0x00000000000201f0",
            " ? d_lookup+0x5c/0x220 [ext4]",
            " <TASK>",
            "x29: ffff80001234bd20 x28: 0000000000000000",
            "Code: 0f 0b <48> 8b 07",
            "------------[ cut here ]------------",
            "EDAC MC0: 1 CE memory read error on DIMM_A1 (page:0x12 offset:0x340 grain:32 syndrome:0x0)",
            "",
        ]
    ),
    st.from_regex(r" {0,3}[a-z]{4,12} [a-z0-9=,./+_#-]{0,40}", fullmatch=True).filter(lambda b: "kernel" not in b),
)


@settings(max_examples=2000, deadline=None)
@given(form=st.sampled_from(FORMS), body=BODIES)
def test_any_body_comes_back_from_any_form(form: tuple[str, dict[str, object]], body: str) -> None:
    text, known = form
    if text == "70.471011] ":  # a stamp whose start is cut is only known as one before text
        body = body.lstrip() or "text"
    found = split(text + body)
    assert found.body == body
    assert {name: value for name, value in found._asdict().items() if value is not None} == {"body": body, **known}


@settings(max_examples=1000, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda t: t.encode("utf-8", "surrogatepass"))))
def test_arbitrary_bytes_never_raise(raw: bytes) -> None:
    assert isinstance(split(raw.decode("utf-8", "replace")), Prefix)


@settings(max_examples=1000, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [text for text, _ in FORMS] + ["[", "]", " ", "<", ">", "T1", "kernel: ", "9", "\\x09", "#011"]
        ),
        max_size=40,
    )
)
def test_elements_in_any_order_never_raise(parts: list[str]) -> None:
    assert isinstance(split("".join(parts)), Prefix)


@pytest.mark.parametrize(
    "unit",
    ["[", "[ ", "<4>", "[ 1.2]", "> ", "| ", " ", "\t", "a", "a ", "9", "9,", "\x1b[", "\x1b]", "\r", "\x00", "#011",
     "\\x09", "[a]", "kernel: ", "Nov 23 02:11:47 ", "2026-11-23T02:11:47 "],
)  # fmt: skip
def test_time_is_linear_in_the_length(unit: str) -> None:
    def seconds(length: int) -> float:
        line = (unit * length)[:length]
        best = 1e9
        for _ in range(5):
            start = time.perf_counter()
            split(line)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(64_000) < 40 * seconds(8_000) + 0.01  # quadratic cost would be a factor of 64


def test_programs_keep_their_names_so_that_nothing_takes_them_for_the_kernel() -> None:
    for line in (
        "Nov 23 02:11:47 db7 collector[12]: [   12.345678] BUG: quoted",
        "Nov 23 02:11:47 db7 collector: BUG: quoted",
        f"{ISO} db7 collector[12]: [   12.345678] BUG: quoted",
        f"<4>1 {ISO} db7 collector 12 - - [   12.345678] BUG: quoted",
    ):
        found = split(line)
        assert "collector" in found.body
        assert found.time is None


def test_a_clock_directly_before_the_message() -> None:
    for body in ("Memory failure: 0x1: x", "pcieport 0000:00:1c.0: AER: x", "EDAC MC0: 1 CE x", " ? d_lookup+0x1/0x2"):
        assert split(f"2026-11-23T02:11:47,123456+00:00 {body}").body == body


def test_pasted_text_without_stamps() -> None:
    assert split("    RIP: 0010:d_lookup+0x5c/0x220").body == "RIP: 0010:d_lookup+0x5c/0x220"
    assert split(">  ? d_lookup+0x5c/0x220").body == " ? d_lookup+0x5c/0x220"
    assert split(">ffff888012acfc00: fb fb fb fb").body == ">ffff888012acfc00: fb fb fb fb"
    assert split("\xa0\xa0[   12.345678]\xa0text").body == "text"


def test_escapes() -> None:
    assert split("6,1,5,-;a\\x09b\\x5cc").body == "a\tb\\c"
    assert split("[   12.345678] rcu:\\x09 stalled").body == "rcu:\t stalled"
    assert split("Nov 23 02:11:47 db7 kernel: rcu: #011stalled#015").body == "rcu: \tstalled"
    assert split("[   12.345678] bus #011 stays").body == "bus #011 stays"
    assert split("[   12.345678] text^M").body == "text"


def test_lines_that_continue_a_dumped_record_lose_their_indent() -> None:
    assert split(" " * 15 + "second line").body == "second line"
    assert split("   three spaces are nesting").body == "   three spaces are nesting"


def test_restart_finds_the_message_printed_into_another() -> None:
    line = "[  331.027868] device crashed[  331.041781] ------------[ cut here ]------------"
    assert split(line[restart(line) :]).body == "------------[ cut here ]------------"
    assert restart("[  331.027868] one message [12]") is None
