from __future__ import annotations

import json
from dataclasses import replace

from tests.report import samples
from triage.model import CoreFacts
from triage.report import page


def facts() -> CoreFacts:
    core = samples.proven().boot.core
    assert core
    return core


def test_text_says_what_the_page_is_and_how_that_is_known() -> None:
    shown = page.text(facts(), [0x519B7, 0x77])
    assert shown.startswith("page 0x519b7  slab  poisoned\n  physical address       0x519b7000\n")
    assert "\n  known from             page_type says slab (PGTY_slab)\n" in shown
    assert shown.endswith("0x77: the core says nothing of it\n")


def test_json_has_addresses_as_hex() -> None:
    shown = json.loads(page.json_text(facts(), [0x519B7, 0x77]))
    assert shown["pages"][0]["pfn"] == "0x519b7" and shown["missing"] == ["0x77"]
    assert shown["addresses"][0]["physical_address"] == "0x519b7a88"


def test_a_core_without_bad_pages() -> None:
    assert page.text(CoreFacts(path="v", format="elf", types="btf"), []) == "no poisoned page in this core\n"


def test_only_the_pages_asked_for_are_shown_by_number_or_by_an_address_in_them() -> None:
    known = replace(facts(), asked=((0xFFFF000519B7A88, 0x519B7),))
    assert page.text(known, [0xFFFF000519B7A88]).startswith("page 0x519b7 ")
    other = replace(facts(), asked=((0x77, 0x77),))
    assert page.text(other, [0x77]) == "0x77: the core says nothing of it\n"


def test_what_the_kernel_counted_stands_below_all_pages() -> None:
    counted = replace(
        facts(),
        poisoned_count=2,
        injected_only=False,
        counters={"mf_stats": {"0": {"total": 2, "ignored": 2, "recovered": 0}}, "queued": [0x99]},
        sysctls={"kernel.panic_on_oops": 1},
    )
    shown = " ".join(page.text(counted, []).split())
    assert "poisoned pages 2" in shown and "node 0 total 2, ignored 2" in shown
    assert "not handled yet 0x99" in shown and "kernel.panic_on_oops 1" in shown
