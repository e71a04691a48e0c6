"""The five lines that started this project, and the answer that they must give."""

from __future__ import annotations

import pytest

from tests.correlate.logs import abort, boot, ghes, unhandlable, verdict
from triage.correlate import judge
from triage.inputs import LogText
from triage.logs.parse import Parser
from triage.model import Case
from triage.pipeline import judge_logs

PFN = 0x40272D


@pytest.fixture
def case() -> Case:
    """The origin excerpt."""
    found = judge(
        boot(
            ghes(88690.479680),
            unhandlable(88690.498473, PFN),
            verdict(88690.498619, PFN),
            abort(88757.847126),
        )
    )
    assert found is not None
    return found


def test_verdict(case: Case) -> None:
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "likely")
    assert "67.35 s later" in case.verdict.summary
    assert "d_lookup()" in case.verdict.summary
    assert not case.verdict.software_excluded


def test_page_is_blamed_and_open_but_its_type_is_not_known(case: Case) -> None:
    (page,) = case.pages
    assert (page.pfn, page.log_result, page.open, page.blamed) == (PFN, "Ignored", True, True)
    assert page.type == "unknown"
    assert page.why is not None and "only a core can tell" in page.why


def test_the_abort_is_read_as_what_it_is(case: Case) -> None:
    said = " ".join(evidence.text for evidence in case.verdict.evidence)
    assert "kernel data read (DFSC 0x10, FnV=1)" in said
    assert "dead device register" in said


def test_what_if(case: Case) -> None:
    v4, merged = case.counterfactual
    assert (v4.policy, v4.would_panic, v4.if_type["slab"], v4.if_type["reserved"]) == ("v4", "depends", "no", "yes")
    assert (merged.policy, merged.would_panic) == ("linux-7.3", "depends")
    assert {merged.if_type[t] for t in ("slab", "page-table", "large-kmalloc", "reserved")} == {"yes"}
    assert merged.at == 88690.498619
    assert merged.lead_seconds == pytest.approx(67.35, abs=0.01)


def test_link_is_by_time_only(case: Case) -> None:
    (link,) = case.links
    assert (link.match, link.via) == ("time", None)
    assert link.lag_seconds == pytest.approx(67.35, abs=0.01)


def test_every_evidence_points_at_a_line(case: Case) -> None:
    assert all(evidence.first_line for evidence in case.verdict.evidence)


def test_a_restart_without_a_word_is_blamed_on_nothing() -> None:
    log = b"""[  100.000000] EXT4-fs (vda1): mounted filesystem
SeaBIOS (version 1.16.3-2)
Booting from Hard Disk...
[    0.000000] Linux version 6.12.9-2-generic (builder@lab) (gcc 14.2.0) #1 SMP
"""
    text = LogText("console", log)
    (case,) = judge_logs([(text, list(Parser(text).events()))])
    assert case.crash is not None
    assert case.crash.type == "REBOOT"
    assert (case.verdict.cause, case.verdict.confidence) == ("unknown", "weak")
