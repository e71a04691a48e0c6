"""Every form of prefix comes off, the body stays whole, and no line however odd stops the reader."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.logs.prefix_forms import FORMS, ISO, Form
from triage.logs.lines import LineReader
from triage.logs.prefix import RSYSLOG, Prefix, restart, split

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
    st.from_regex(r" {0,3}[a-z]{4,12} [a-z0-9=,./+_#-]{0,40}", fullmatch=True).filter(
        lambda b: "kernel" not in b and not RSYSLOG.search(b)  # an escape is undone, on purpose
    ),
)


@settings(max_examples=2000, deadline=None)
@given(form=st.sampled_from(FORMS), body=BODIES)
def test_any_body_comes_back_from_any_form(form: Form, body: str) -> None:
    text, known = form.text, form.known
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
            [form.text for form in FORMS] + ["[", "]", " ", "<", ">", "T1", "kernel: ", "9", "\\x09", "#011"]
        ),
        max_size=40,
    )
)
def test_elements_in_any_order_never_raise(parts: list[str]) -> None:
    assert isinstance(split("".join(parts)), Prefix)


def test_nothing_takes_a_programs_message_for_the_kernels() -> None:
    for line in (
        "Nov 23 02:11:47 db7 collector[12]: [   12.345678] BUG: quoted",
        "Nov 23 02:11:47 db7 collector: BUG: quoted",
        f"{ISO} db7 collector[12]: [   12.345678] BUG: quoted",
        f"<4>1 {ISO} db7 collector 12 - - [   12.345678] BUG: quoted",
    ):
        found = split(line)
        assert not found.body
        assert found.time is None


def test_a_clock_directly_before_the_message() -> None:
    for body in ("Memory failure: 0x1: x", "pcieport 0000:00:1c.0: AER: x", "EDAC MC0: 1 CE x", " ? d_lookup+0x1/0x2"):
        assert split(f"2026-11-23T02:11:47,123456+00:00 {body}").body == body


def test_a_host_that_somebody_took_out() -> None:
    found = split("Nov 23 02:11:47  kernel: EDAC MC0: 1 CE x")
    assert (found.body, found.host, found.wall) == ("EDAC MC0: 1 CE x", None, "Nov 23 02:11:47")


def test_pasted_text_without_stamps() -> None:
    assert split(" kernel:[Hardware Error]: MC4_ADDR: 0x0").body == "[Hardware Error]: MC4_ADDR: 0x0"
    assert split("    RIP: 0010:d_lookup+0x5c/0x220").body == "RIP: 0010:d_lookup+0x5c/0x220"
    assert split(">  ? d_lookup+0x5c/0x220").body == " ? d_lookup+0x5c/0x220"
    assert split(">ffff888012acfc00: fb fb fb fb").body == ">ffff888012acfc00: fb fb fb fb"
    assert split("\xa0\xa0[   12.345678]\xa0text").body == "text"


def test_a_tab_in_the_message_hides_no_host() -> None:
    found = split("[   70.471011] db7 kernel: [Hardware Error]: \tMC4_ADDR: 0x0000000236a01234")
    assert (found.body, found.host) == ("[Hardware Error]: \tMC4_ADDR: 0x0000000236a01234", "db7")


@pytest.mark.parametrize(
    "body", ["BERT: Total records found: 1", "AEST: {3}[Hardware Error]: ", "[Firmware Warn]: GHES: "]
)
def test_an_indented_paste(body: str) -> None:
    assert split(f"    {body}").body == body


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
    assert restart(line) == line.index("[  331.04")
    for whole in (
        "[  331.027868] one message [12]",
        "Nov 23 02:11:47 db7 kernel: [  331.027868] one message",
        "[  331.027868] collector[7]: [  330.000001] quoted",
        "text [  331.027868] one message",
    ):
        assert restart(whole) is None


def test_a_line_that_holds_two_messages_is_read_as_two_with_one_number() -> None:
    reader = LineReader(b"first\n[    1.000001]  <IRQ> [    1.000002]  dump_stack+0x1/0x2\nlast\n")
    read = [reader.read() for _ in range(4)]
    assert [(line.body, line.number) for line in read if line] == [
        ("first", 1),
        (" <IRQ>", 2),
        (" dump_stack+0x1/0x2", 2),
        ("last", 3),
    ]


def test_the_source_of_a_web_page_is_read_and_names_of_locks_stay() -> None:
    assert (
        split("[    1.000001] pc : d_lookup+0&times;5c &lt;x&gt; &#39;a&#x27; &amp;q").body
        == "pc : d_lookup+0x5c <x> 'a' &q"
    )
    assert (
        split("[    1.000001]  (&region->lock){+.+.}, at: &not &eth0 &copy").body
        == " (&region->lock){+.+.}, at: &not &eth0 &copy"
    )
