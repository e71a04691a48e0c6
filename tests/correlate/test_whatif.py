"""The counterfactual table: verdict label, kernel era and real page type decide, for both policies."""

from __future__ import annotations

import pytest

from tests.correlate.logs import banner, boot, crash, failure, unhandlable, verdict
from triage.correlate import judge
from triage.model import CoreFacts, Counterfactual, Event, PageFacts

PFN = 0x1507


def answers(
    *events: Event, kernel: str = "6.12.1", kind: str | None = None, flags: tuple[str, ...] = ()
) -> list[Counterfactual]:
    core = None
    if kind:
        page = PageFacts(pfn=PFN, physical_address=PFN << 12, type=kind, type_now=kind, poisoned=True, flags=flags)
        core = CoreFacts(path="vmcore", format="elf", types="btf", kernel=kernel, page_shift=12, pages=(page,))
    case = judge(boot(banner(kernel), *events, core=core))
    assert case is not None
    return list(case.counterfactual)


def said(*events: Event, **more: object) -> tuple[str, str]:
    v4, merged = answers(*events, **more)  # type: ignore[arg-type]
    return v4.would_panic, merged.would_panic


def kernel_page(label: str = "get hwpoison page") -> list[Event]:
    return [unhandlable(10.0, PFN), verdict(10.1, PFN, label)]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("slab", ("no", "yes")),
        ("page-table", ("no", "yes")),
        ("large-kmalloc", ("no", "yes")),
        ("reserved", ("yes", "yes")),
        ("kernel-image", ("yes", "yes")),
        ("vmalloc", ("no", "no")),
        ("kernel-stack", ("no", "no")),
        ("percpu", ("no", "no")),
        ("anonymous", ("no", "no")),
    ],
)
@pytest.mark.parametrize("label", ["get hwpoison page", "unknown page"])
def test_real_type_settles_it(label: str, kind: str, expected: tuple[str, str]) -> None:
    assert said(*kernel_page(label), kind=kind) == expected


def test_flag_of_the_core_settles_percpu_of_the_first_chunk() -> None:
    assert said(*kernel_page(), kind="percpu", flags=("reserved", "hwpoison")) == ("yes", "yes")


def test_unknown_type_depends_and_lists_the_types() -> None:
    v4, merged = answers(*kernel_page())
    assert (v4.would_panic, merged.would_panic) == ("depends", "depends")
    assert (v4.if_type["slab"], merged.if_type["slab"], merged.if_type["vmalloc"]) == ("no", "yes", "no")


@pytest.mark.parametrize(
    ("label", "result", "kernel", "expected"),
    [
        ("dirty LRU page", "Recovered", "6.12.1", ("no", "no")),
        ("unmapping failed page", "Ignored", "6.1.0", ("no", "no")),
        ("kernel slab page", "Ignored", "5.10.0", ("no", "yes")),
        ("reserved kernel page", "Ignored", "5.10.0", ("yes", "yes")),
        ("reserved kernel page", "Ignored", "7.3.4", ("depends", "yes")),
        ("high-order kernel page", "Ignored", "6.1.0", ("yes", "no")),
        ("high-order kernel page", "Ignored", "5.10.0", ("depends", "depends")),
        ("kernel slab page", "Failed", "5.10.0", ("no", "yes")),
        ("reserved kernel page", "Failed", "5.10.0", ("yes", "yes")),
        ("unknown page", "Failed", "5.10.0", ("depends", "depends")),
        ("already poisoned page", "Failed", "6.12.1", ("no", "no")),
        ("get hwpoison page", "Ignored", "7.3.4", ("no", "no")),
    ],
)
def test_label_result_and_era(label: str, result: str, kernel: str, expected: tuple[str, str]) -> None:
    assert said(verdict(10.1, PFN, label, result), kernel=kernel) == expected


def test_unknown_page_state_is_v4s_unknown() -> None:
    state = failure(10.0, "unknown-state", PFN, f"{PFN:#x}: Unknown page state")
    assert said(state, verdict(10.1, PFN, "unknown page")) == ("yes", "no")
    assert said(state, verdict(10.1, PFN, "unknown page", "Failed"), kernel="6.1.0") == ("no", "no")


def test_the_real_panic_is_recognised_as_the_running_kernels_policy() -> None:
    text = f"Memory failure: {PFN:#x}: unrecoverable page"
    died = crash(10.1003, f"kernel panic: {text}", panic=text, kernel="7.3.4", arch="x86_64", panicked=True)
    v4, merged = answers(*kernel_page("reserved kernel page"), died, kernel="7.3.4")
    assert (merged.would_panic, merged.actual, merged.at) == ("yes", True, 10.1)
    assert merged.lead_seconds == pytest.approx(0.0003)
    assert not v4.actual


def test_page_without_a_verdict_line_has_no_answer() -> None:
    assert answers(unhandlable(10.0, PFN)) == []
