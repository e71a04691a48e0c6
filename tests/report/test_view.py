from __future__ import annotations

from dataclasses import replace

from tests.correlate.logs import abort, boot, edac, ghes
from tests.report import samples
from triage.correlate import judge
from triage.model import Link
from triage.report import decode, facts, json, view, words
from triage.report.lines import short_names


def test_a_crash_completed_from_the_core_keeps_its_lines() -> None:
    case = samples.proven()
    assert case.crash
    completed = replace(case.crash, cpu=7)
    shown = view.view(replace(case, crash=completed, crashes=(completed,)))
    assert shown.crash and shown.crash.ref and shown.crash.ref.anchor == "c1-s1-L702"
    assert not shown.crash.others


def test_a_register_says_where_it_leads() -> None:
    shown = view.view(samples.proven()).crash
    assert shown
    remarks = {register.name: register.remark for register in shown.registers if register.remark}
    assert remarks == {"x19": "leads to page 0x519b7 (same line)"}


def test_the_same_tie_is_told_once() -> None:
    case = samples.proven()
    rows = view.view(replace(case, links=case.links * 3)).pages[0].rows
    assert [row.name for row in rows].count("tie to the crash") == 1


def test_a_tie_in_time_is_called_no_more_than_that() -> None:
    rows = view.view(samples.origin()).pages[0].rows
    assert ("order in time only", "no address connects them") in [(row.value, row.how) for row in rows]


def test_the_blamed_page_comes_first_and_the_recovered_ones_last() -> None:
    pages = view.view(samples.several_pages()).pages
    assert [(page.pfn, page.blamed, page.state) for page in pages] == [
        ("0x519b7", True, "left in use"),
        ("0x51a02", False, "left in use"),
        ("0x20c11", False, "taken out of use"),
        ("0x60333", False, "handled at the next access"),
    ]


def test_no_page_is_named_when_none_is_blamed_and_several_are_open() -> None:
    case = samples.several_pages()
    pages = tuple(replace(page, blamed=False) for page in case.pages)
    fact = view.view(replace(case, pages=pages)).fact("page")
    assert fact and fact.text == "4 pages reported, 2 left in use; none is blamed"


def test_unknown_times_are_said_to_be_unknown() -> None:
    case = samples.proven()
    link = Link(pfn=0x519B7, match="line", via="x19")
    fact = view.view(replace(case, links=(link,))).fact("lag")
    assert fact and fact.text.startswith("not known")


def test_the_page_map_marks_both_places() -> None:
    shown = view.view(samples.proven()).pages[0].map
    assert shown and shown.size == 4096
    assert [(spot.tone, spot.label) for spot in shown.spots] == [
        ("error", "error reported: +0xa80"),
        ("crash", "crash accessed (x19+0x8): +0xa88"),
    ]


def test_spans_are_readable() -> None:
    shown = [words.span(s) for s in (0.0000061, 0.019, 67.348, 599.5, 601, 7261, 200_000, -2)]
    assert shown == ["6 µs", "19 ms", "67.35 s", "599.50 s", "10 min 1 s", "2 h 1 min", "2 d 7 h", "-2.00 s"]


def test_headlines() -> None:
    assert words.headline("One. Two 2.5 s later. Three.") == ("One.", "Two 2.5 s later. Three.")
    assert words.headline("short; and so on") == ("short; and so on", "")
    first, rest = words.headline("a" * 120 + "; no address ties them. More.")
    assert (first, rest) == ("a" * 120 + ".", "No address ties them. More.")


def test_esr_of_an_external_abort_without_address() -> None:
    rows = {name: (value, meaning) for name, value, meaning in decode.esr(0x96000410)}
    assert rows["EC"] == ("0x25", "data abort in the kernel")
    assert rows["FnV"] == ("1", "FAR does not hold the address")
    assert rows["WnR"] == ("0", "read")
    assert rows["SET"] == ("0", "recoverable")
    assert "devices look the same" in rows["DFSC"][1]
    assert decode.esr(0x86000010)[1][0] == "IFSC"
    assert decode.esr(0x96000006)[1][2] == "translation fault, level 2: an ordinary bad pointer"


def test_a_machine_check_is_told_by_its_flags_code_and_class() -> None:
    mca = {"flags": ["VAL", "UC", "AR"], "mcg_flags": ["RIPV"], "mcacod": 0x134, "text": "data load", "class": "SRAR"}
    assert decode.machine_check(mca) == [
        ("RIPV", "1", "the program can be restarted"),
        ("UC", "1", "uncorrected"),
        ("AR", "1", "action required"),
        ("MCACOD", "0x0134", "data load"),
        ("class", "", "SRAR"),
    ]
    assert decode.machine_check({}) == []


def test_an_error_that_two_reporters_tell_is_counted_once() -> None:
    told = ghes(100.0, 0x1507240, severity="corrected"), edac(100.1, 0x1507, severity="corrected")
    found = judge(boot(*told, abort(160.0)))
    assert found is not None
    assert facts.hardware_fact(found).text == "1 corrected"
    assert [error["copy_of"] for error in json.document([found])["cases"][0]["errors"]] == [None, found.errors[0][0]]


def test_an_error_that_two_reporters_tell_says_so() -> None:
    case = judge(boot(ghes(100.0, 0x40272D080), edac(100.1, 0x40272D, 0x80)))
    assert case and case.copies == {"e2": "e1"}
    told = view.view(case).errors
    assert told and [row.remarks for row in told.rows] == [(), ("told by ghes too",)]


def test_inputs_are_named_without_what_all_of_them_lie_in() -> None:
    assert short_names(["/srv/sos/var/log/messages", "/srv/sos/var/crash/dmesg"]) == {
        "/srv/sos/var/log/messages": "log/messages",
        "/srv/sos/var/crash/dmesg": "crash/dmesg",
    }
    assert short_names(["a.tar!node17/messages", "a.tar!node17/mess"]) == {
        "a.tar!node17/messages": "messages",
        "a.tar!node17/mess": "mess",
    }
    assert short_names(["/var/log/dmesg"]) == {"/var/log/dmesg": "dmesg"}
    assert short_names(["-", "/var/log/dmesg"]) == {"-": "-", "/var/log/dmesg": "/var/log/dmesg"}
