"""The ladder rung by rung; for each forbidding rule a case that would be proven (or strong) without it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.correlate.logs import (
    abort,
    banner,
    boot,
    crash,
    edac,
    failure,
    ghes,
    gpf,
    machine_check_panic,
    mce,
    notice,
    unhandlable,
    verdict,
)
from triage.correlate import judge
from triage.model import AddressFact, Boot, CoreFacts, Event, Frame, HardwareError, PageFacts, Trace, Verdict

PFN = 0x1507
LINE = 0x1507240
SRAO = 0xBD000000000000C0
SRAR = 0xBD80000000000134
CACHE = 0xBE00000000000135 | 1 << 57  # a cache hierarchy error, PCC


def verdict_of(found: Boot) -> Verdict:
    case = judge(found)
    assert case is not None
    return case.verdict


def level(found: Boot) -> tuple[str, str]:
    said = verdict_of(found)
    return said.cause, said.confidence


def core(address: int = LINE, exact: bool = True, **more: object) -> CoreFacts:
    """A core whose faulting access used the given physical address."""
    fact = AddressFact(via="x19+0x18", address=0xFFFF000000000000 + address, physical_address=address, exact=exact)
    fields = {
        "path": "vmcore",
        "format": "elf",
        "types": "btf",
        "arch": "arm64",
        "page_shift": 12,
        "addresses": (fact,),
    }
    return CoreFacts(**{**fields, **more})  # type: ignore[arg-type]


def incident(*, record: int = LINE, at: float = 100.0, **more: object) -> list[Event]:
    """A record, its verdict, and the abort 60 s later: proven beside a core that has the address."""
    return [
        ghes(at, record, granularity=64, **more),
        unhandlable(at + 0.01, PFN),
        verdict(at + 0.02, PFN),
        abort(160.0),
    ]


# ---------------------------------------------------------------- memory, rung by rung


def test_exact_address_in_an_open_page_is_proven() -> None:
    case = judge(boot(*incident(), core=core()))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "proven")
    assert case.verdict.software_excluded
    assert [page.blamed for page in case.pages] == [True]
    assert [(link.match, link.via, link.translation) for link in case.links] == [("line", "x19+0x18", "core")]


def test_same_page_but_another_line_matches_the_page_and_is_proven_too() -> None:
    case = judge(boot(*incident(), core=core(LINE + 0x400)))
    assert case is not None
    assert [link.match for link in case.links] == ["page"]
    assert case.verdict.confidence == "proven"


@pytest.mark.parametrize(
    ("start", "offset"),
    [
        (0xFFFF000000000000, 0),
        (0xFFFF000000000000, 0x1000000),  # memory begins at 16 MiB
        (0xFFFF000000000000, 0xFFF1000000000000),  # built for 52-bit addresses, running with 48
        (0xFFF0000000000000, 0),  # running with 52
    ],
)
def test_printed_base_and_faulting_instruction_prove_without_a_core(start: int, offset: int) -> None:
    """ldr w3, [x19, #24] with the PHYS_OFFSET that the panic prints."""
    memory = 0 if offset >> 52 else offset
    registers = {"x19": start + LINE - memory - 0x18, "x0": 0x10}
    died = abort(160.0, registers=registers, code="d53bd056 f9402c21 (b9401a63) 6b03003f")
    events = [*incident()[:3], died, notice(160.5, "layout", "PHYS_OFFSET", phys_offset=offset)]
    case = judge(boot(*events))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "proven")
    assert (case.links[0].via, case.links[0].translation) == ("x19+0x18", "log")


def test_srao_then_srar_is_proven_and_srar_alone_is_strong() -> None:
    fatal = [mce(160.0, SRAR, LINE, granularity=64), machine_check_panic(160.001)]
    earlier = [mce(100.0, SRAO, LINE, severity="recoverable"), verdict(100.01, PFN)]
    assert level(boot(*earlier, *fatal)) == ("memory-error", "proven")
    assert level(boot(*fatal)) == ("memory-error", "strong")


def test_fatal_record_of_the_memory_controller_is_the_kernels_own_declaration() -> None:
    fatal = mce(160.0, 0xBE00000000000091, LINE)
    assert level(boot(fatal, machine_check_panic(160.001))) == ("memory-error", "proven")


@pytest.mark.parametrize(
    "panic",
    ["Memory failure: 0x1507: unrecoverable page", "UE memory read error on DIMM_A1 (channel:0 slot:0 page:0x1507)"],
)
def test_panic_that_names_the_page_is_proven(panic: str) -> None:
    died = crash(100.03, "kernel panic: memory", panic=panic, arch="x86_64", panicked=True)
    assert level(boot(edac(100.0, PFN, 0x240), verdict(100.02, PFN, "reserved kernel page"), died))[1] == "proven"


def test_fatal_ghes_memory_section_is_proven() -> None:
    died = crash(100.01, "kernel panic: Fatal hardware error!", panic="Fatal hardware error!", panicked=True)
    assert level(boot(ghes(100.0, LINE, severity="fatal"), died)) == ("memory-error", "proven")


def inferred(record: int, *registers: int) -> Boot:
    """An abort whose registers can only be translated by a guess: PHYS_OFFSET is not printed."""
    names = {f"x{n}": value for n, value in enumerate(registers)}
    return boot(*incident(record=record)[:3], abort(160.0, registers=names))


def test_inferred_address_in_the_reported_line_is_strong_and_says_its_chance() -> None:
    said = verdict_of(inferred(LINE, 0xFFFF000040000000 + LINE))
    assert (said.cause, said.confidence) == ("memory-error", "strong")
    assert any("2^" in evidence.text for evidence in said.evidence)


def test_one_inferred_register_in_the_page_but_not_the_line_stays_likely_and_two_are_strong() -> None:
    assert verdict_of(inferred(LINE, 0xFFFF000040000000 + LINE + 0x400)).confidence == "likely"
    assert verdict_of(inferred(LINE, 0xFFFF000041507400, 0xFFFF000041507800)).confidence == "strong"


def test_a_register_and_the_address_it_makes_are_one_witness() -> None:
    """ldr w3, [x19, #24]: x19 and x19+0x18 lie in the page, in another line."""
    died = abort(160.0, registers={"x19": 0xFFFF000041507600}, code="d53bd056 f9402c21 (b9401a63) 6b03003f")
    assert level(boot(*incident()[:3], died)) == ("memory-error", "likely")


def test_register_that_the_access_did_not_use_infers_no_more_than_order_does() -> None:
    registers = {"x19": 0xFFFF000099999000, "x20": 0xFFFF000040000000 + LINE}
    died = abort(160.0, registers=registers, code="d53bd056 f9402c21 (b9401a63) 6b03003f")
    assert level(boot(*incident()[:3], died)) == ("memory-error", "likely")
    assert level(boot(*incident()[:3], replace(died, code=None))) == ("memory-error", "strong")


def test_record_in_a_log_that_does_not_tell_the_page_size() -> None:
    assert level(boot(ghes(100.0, LINE), abort(160.0))) == ("memory-error", "likely")
    registers = {"x19": 0xFFFF000000000000 + 0x9991507240 - 0x18}
    died = abort(160.0, registers=registers, code="d53bd056 f9402c21 (b9401a63) 6b03003f")
    base = notice(160.5, "layout", "PHYS_OFFSET", phys_offset=0)
    assert level(boot(ghes(100.0, LINE), died, base)) == ("memory-error", "weak")


def test_misaligned_base_infers_nothing() -> None:
    case = judge(inferred(LINE, 0xFFFF000012345000 + LINE))
    assert case is not None
    assert [link.match for link in case.links] == ["time"]


def test_serror_beside_a_record_is_strong() -> None:
    died = crash(100.5, "kernel panic: Asynchronous SError Interrupt", arch="arm64", esr=0xBE000011)
    assert level(boot(ghes(100.0, LINE), died)) == ("memory-error", "strong")
    assert level(boot(died)) == ("unknown", "weak")


def test_ordinary_fault_after_an_open_page_is_weak_and_blames_nobody() -> None:
    case = judge(boot(*incident()[:3], gpf(160.0)))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "weak")
    assert not any(page.blamed for page in case.pages)


def test_page_fault_on_an_address_of_the_open_page_is_likely_even_if_the_base_is_inferred() -> None:
    """The kernel unmaps the linear address of a bad page (set_mce_nospec)."""
    died = crash(160.0, "BUG: unable to handle page fault", arch="x86_64", fault_address=0xFFFF888000000000 + LINE)
    assert level(boot(*incident()[:3], died)) == ("memory-error", "likely")
    beside = replace(died, fault_address=0x10, registers={"rdi": 0xFFFF888000000000 + LINE, "cr2": 0x10})
    case = judge(boot(*incident()[:3], beside))
    assert case is not None
    assert (case.verdict.confidence, [link.via for link in case.links]) == ("weak", ["rdi"])
    assert "with a register" in case.verdict.summary


def test_bad_pointer_loaded_from_the_open_page_is_likely() -> None:
    fact = AddressFact(via="rbx loaded from", address=0xFFFF888001507240, physical_address=LINE, exact=False)
    case = judge(boot(*incident()[:3], gpf(160.0), core=core(arch="x86_64", addresses=(fact,))))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "likely")
    assert [page.blamed for page in case.pages] == [True]
    marked = [failure(100.0, "injection", PFN), *incident()[1:3]]
    assert level(boot(*marked, gpf(160.0), core=core(arch="x86_64", addresses=(fact,)))) == ("operator", "likely")


def test_error_without_address_before_an_ordinary_crash_is_weak() -> None:
    assert level(boot(banner(), ghes(100.0), gpf(160.0))) == ("memory-error", "weak")


# ---------------------------------------------------------------- what forbids


def test_record_of_an_earlier_boot_does_not_open_a_page() -> None:
    leftover = ghes(1.0, LINE, previous_boot=True)
    assert level(boot(leftover, abort(160.0), core=core())) == ("memory-error", "weak")
    assert level(boot(replace(leftover, previous_boot=False), abort(160.0), core=core())) == ("memory-error", "proven")


def test_leftover_machine_check_of_the_first_seconds_is_of_the_boot_before() -> None:
    leftover = mce(2.0, SRAO, LINE, severity="recoverable", mca={"bank": 9, "status": SRAO})
    fatal = [mce(160.0, SRAR, LINE), machine_check_panic(160.001)]
    assert level(boot(leftover, *fatal)) == ("memory-error", "strong")


def test_machine_check_in_tdx_private_memory_may_be_the_kernels_own_write() -> None:
    said = {"addition": "TDX private memory error. Possible kernel bug."}
    unsure = [mce(160.0, SRAR, LINE, detail=said), machine_check_panic(160.001)]
    assert level(boot(ghes(100.0, LINE), *unsure)) == ("memory-error", "likely")
    assert level(boot(ghes(100.0, LINE), mce(160.0, SRAR, LINE), unsure[-1])) == ("memory-error", "proven")


def test_capture_kernels_log_proves_nothing() -> None:
    hint = notice(0.1, "cmdline", "Kernel command line: ro elfcorehdr=0x7f000000")
    assert verdict_of(boot(hint, *incident(), core=core())).confidence in ("likely", "weak")


def test_unknown_page_size_proves_nothing_by_address() -> None:
    found = boot(ghes(100.0, LINE, granularity=64), abort(160.0), core=core(page_shift=None))
    said = verdict_of(found)
    assert said.confidence in ("likely", "weak")


def test_address_outside_system_ram_proves_nothing() -> None:
    outside = failure(100.01, "outside", PFN, f"{PFN:#x}: memory outside kernel control")
    assert verdict_of(boot(ghes(100.0, LINE), outside, abort(160.0), core=core())).confidence == "likely"


@pytest.mark.parametrize("result", ["Recovered", "Delayed"])
def test_recovered_page_is_not_blamed(result: str) -> None:
    events = [ghes(100.0, LINE), verdict(100.02, PFN, "dirty LRU page", result), abort(160.0)]
    case = judge(boot(*events, core=core()))
    assert case is not None
    assert case.verdict.cause == "unknown"
    assert not any(page.blamed for page in case.pages)


def test_recovered_page_with_a_later_record_is_open_again() -> None:
    events = [ghes(100.0, LINE), verdict(100.02, PFN, "dirty LRU page", "Recovered"), ghes(130.0, LINE), abort(160.0)]
    assert level(boot(*events, core=core())) == ("memory-error", "proven")


def test_page_opened_again_counts_its_time_from_there() -> None:
    events = [ghes(100.0, LINE), verdict(100.02, PFN, "dirty LRU page", "Recovered"), ghes(130.0, LINE), abort(160.0)]
    case = judge(boot(*events, core=core()))
    assert case is not None
    assert case.links[0].lag_seconds == 30.0
    assert "before another error came" in case.verdict.summary


def test_second_report_of_one_event_does_not_open_a_recovered_page() -> None:
    """GHES and the machine check handler both queue the page: the second finds it marked."""
    repeat = verdict(100.03, PFN, "already poisoned page", "Failed")
    events = [ghes(100.0, LINE), verdict(100.02, PFN, "dirty LRU page", "Recovered"), repeat, abort(160.0)]
    assert level(boot(*events, core=core()))[0] == "unknown"
    assert level(boot(*events[:3])) == ("no-crash", "none")


def test_unpoisoned_page_is_not_blamed() -> None:
    undone = failure(120.0, "unpoison", PFN, f"{PFN:#x}: software-unpoisoned page")
    case = judge(boot(*incident()[:3], undone, abort(160.0), core=core()))
    assert case is not None
    assert case.verdict.cause == "unknown"
    assert case.pages[0].poisoned is False


@pytest.mark.parametrize(("delay", "expected"), [(5.0, "strong"), (60.0, "likely")])
def test_record_after_the_crash_counts_only_for_the_same_page_within_ten_seconds(delay: float, expected: str) -> None:
    assert verdict_of(boot(abort(160.0), ghes(160.0 + delay, LINE), core=core())).confidence == expected


def test_record_polled_after_the_crash_counts_in_the_line_even_if_the_base_is_inferred() -> None:
    died = abort(160.0, registers={"x0": 0xFFFF000040000000 + LINE})
    soon, late = ghes(161.0, LINE, granularity=64), ghes(180.0, LINE, granularity=64)
    said = verdict_of(boot(died, soon, verdict(161.1, PFN)))
    assert (said.cause, said.confidence) == ("memory-error", "strong")
    assert "it was reported just after d_lookup()" in said.summary
    assert level(boot(died, late, verdict(180.1, PFN))) == ("unknown", "weak")


def test_translated_address_clears_a_page_of_unknown_size_only_if_no_size_puts_it_there() -> None:
    """`Memory failure: 0x150` without a record: 0x1507240 lies in it if pages are 64 KiB, 0x9507240 in no case."""
    offset = notice(160.5, "layout", "PHYS_OFFSET", phys_offset=0)
    for address, expected in ((LINE, ("memory-error", "likely")), (LINE + 0x8000000, ("unknown", "weak"))):
        registers = {"x19": 0xFFFF000000000000 + address - 0x18}
        died = abort(160.0, registers=registers, code="d53bd056 f9402c21 (b9401a63) 6b03003f")
        assert level(boot(unhandlable(100.0, 0x150), verdict(100.01, 0x150), died, offset)) == expected


@pytest.mark.parametrize("clock", ["wall_time", "dial"])
def test_lag_comes_from_a_wall_clock_where_the_log_has_no_other(clock: str) -> None:
    events = [replace(verdict(None, PFN), **{clock: 1000.0}), replace(abort(None), **{clock: 1067.0})]
    case = judge(boot(*events))
    assert case is not None
    assert case.links[0].lag_seconds == 67.0


def test_late_record_does_not_count_by_time() -> None:
    assert level(boot(abort(160.0), ghes(165.0, LINE))) == ("unknown", "weak")


def test_page_that_only_software_marked_makes_the_operator_the_cause() -> None:
    died = crash(
        100.03, "kernel panic: Memory failure", panic="Memory failure: 0x1507: unrecoverable page", arch="x86_64"
    )
    marked = failure(100.0, "injection", PFN, "Injecting memory failure at pfn 0x1507")
    label = verdict(100.02, PFN, "reserved kernel page")
    assert level(boot(marked, label, died)) == ("operator", "proven")
    assert level(boot(label, died)) == ("memory-error", "proven")


def test_core_that_counts_no_real_event_makes_the_operator_the_cause() -> None:
    events = incident()[1:]
    assert level(boot(*events, core=core(injected_only=True))) == ("operator", "proven")


def test_einj_counts_as_real_but_is_marked() -> None:
    case = judge(boot(*incident(injected=True), core=core()))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "proven")
    assert case.pages[0].injected
    advice = " ".join(action.text for action in case.actions)
    assert "find out whether somebody tested here" in advice
    assert "as hardware" not in advice


@pytest.mark.parametrize(
    ("tool", "armed", "at", "expected"),
    [("einj", True, 5.0, True), ("mce-inject", None, 159.9, True), ("mce-inject", None, 100.0, False),
     ("mce-inject", True, 159.9, False), ("aer-inject", None, 159.9, False)],
)  # fmt: skip
def test_injectors_mark_the_errors_that_they_make(tool: str, armed: bool | None, at: float, expected: bool) -> None:
    word = notice(at, "injection", tool, tool=tool, armed=armed)
    case = judge(boot(word, mce(160.0, SRAR, LINE), machine_check_panic(160.001)))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "strong")
    assert [error.injected for _, error in case.errors] == [expected] == [page.injected for page in case.pages]


def test_normalised_amd_address_is_no_physical_address() -> None:
    """The parser keeps a channel's normalised address in detail: it opens no page."""
    umc = mce(100.0, SRAO, None, severity="deferred", detail={"normalized_address": LINE})
    assert level(boot(umc, abort(160.0), core=core())) == ("memory-error", "weak")


def test_x86_page_fault_in_the_open_page_is_at_most_likely() -> None:
    died = crash(160.0, "BUG: unable to handle page fault in __d_lookup", arch="x86_64")
    assert level(boot(*incident()[:3], died, core=core(arch="x86_64"))) == ("memory-error", "likely")


def test_two_pages_that_fit_equally_are_not_blamed() -> None:
    second = [ghes(110.0, 0x2507240), unhandlable(110.01, 0x2507), verdict(110.02, 0x2507)]
    case = judge(boot(*incident()[:3], *second, abort(160.0)))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "weak")
    assert not any(page.blamed for page in case.pages)


def test_address_decides_between_pages_not_the_clock() -> None:
    innocent = [ghes(150.0, 0x2507240), verdict(150.02, 0x2507, "dirty LRU page", "Recovered")]
    later = [ghes(155.0, 0x3507240), unhandlable(155.01, 0x3507), verdict(155.02, 0x3507)]
    case = judge(boot(*incident()[:3], *innocent, *later, abort(160.0), core=core()))
    assert case is not None
    assert {page.pfn: page.blamed for page in case.pages} == {PFN: True, 0x2507: False, 0x3507: False}


def test_ignored_is_preferred_over_recovered_by_time() -> None:
    innocent = [ghes(150.0, 0x2507240), verdict(150.02, 0x2507, "dirty LRU page", "Recovered")]
    case = judge(boot(*incident()[:3], *innocent, abort(160.0)))
    assert case is not None
    assert [page.pfn for page in case.pages if page.blamed] == [PFN]
    assert case.verdict.confidence == "likely"


def test_exact_address_elsewhere_clears_the_page() -> None:
    case = judge(boot(*incident(), core=core(0x9999000)))
    assert case is not None
    assert case.verdict.cause == "unknown"


def test_poison_that_an_amd_core_consumed_is_a_consumption_fault() -> None:
    flags = {"bank": 0, "status": 0xBC9FF80001010135, "mcgstatus": 7, "flags": ["UC", "TCC", "POISON"]}
    fatal = mce(160.0, 0, LINE, component="cache", mca=flags)
    assert level(boot(*incident()[:3], fatal, machine_check_panic(160.001))) == ("memory-error", "proven")
    assert level(boot(fatal, machine_check_panic(160.001))) == ("memory-error", "strong")


def test_fatal_dram_error_without_a_usable_address_is_likely() -> None:
    flags = {"bank": 17, "status": 0xFE2040000000085B, "mcgstatus": 5, "flags": ["UC", "PCC"]}
    assert level(boot(mce(160.0, 0, None, mca=flags), machine_check_panic(160.001))) == ("memory-error", "likely")


def test_kernels_own_words_make_a_cut_record_one_of_memory() -> None:
    words = {"verdict": "Data load in unrecoverable area of kernel"}
    cut = mce(160.0, 0, None, component="unknown", mca={}, detail=words)
    assert level(boot(cut, machine_check_panic(160.001))) == ("memory-error", "likely")
    assert level(boot(*incident()[:3], cut, machine_check_panic(160.001))) == ("memory-error", "likely")


def test_duplicate_tlb_entries_on_mips_are_no_hardware() -> None:
    title = "Caught Machine Check exception - caused by multiple matching entries in the TLB"
    assert level(boot(banner(), crash(160.0, title)))[0] == "software"


def test_ppc64_machine_check_of_type_ue() -> None:
    record = mce(160.0, 0, LINE, kind="mce_ppc", mca={}, severity="recoverable", what="Host UE Load/Store")
    died = crash(
        160.001, "Machine check in memcpy", header=("Oops: Machine check, sig: 7",), arch="ppc64", page_size=4096
    )
    assert level(boot(record, died)) == ("memory-error", "strong")


# ---------------------------------------------------------------- other hardware


def test_cache_error_with_corrupt_context_is_other_hardware() -> None:
    record = mce(160.0, CACHE, component="cache")
    assert level(boot(record, machine_check_panic(160.001))) == ("other-hardware", "proven")


@pytest.mark.parametrize(
    "mca",
    [
        {"status": 0xBE00000000800400},
        {"status": 0xBEA0000000000108, "ipid": 0x500B000000000, "text": "execution unit watchdog timeout"},
    ],
)
def test_a_processor_that_gave_up_waiting_is_only_likely_at_fault(mca: dict[str, object]) -> None:
    record = mce(160.0, 0, component="processor", mca=mca)
    said = verdict_of(boot(record, machine_check_panic(160.001)))
    assert (said.cause, said.confidence) == ("other-hardware", "likely")
    assert "gave up waiting" in said.summary


def test_memory_controller_beside_the_cache_that_the_poison_passed_is_the_memorys() -> None:
    both = [mce(160.0, 0xBE00000000000091, LINE), mce(160.0, CACHE, component="cache", bank=1)]
    assert level(boot(*both, machine_check_panic(160.001))) == ("memory-error", "proven")


def test_machine_check_panic_without_any_record() -> None:
    assert level(boot(machine_check_panic(160.0))) == ("other-hardware", "likely")


def test_serr_is_proven() -> None:
    died = crash(
        160.0, "kernel panic: NMI: Not continuing", header=("NMI: PCI system error (SERR) for reason a1 on CPU 0.",)
    )
    assert level(boot(died)) == ("other-hardware", "proven")


NMI = "kernel panic: NMI: Not continuing"
UNKNOWN_NMI = (Trace(heading="Call Trace:", frames=(Frame(function="nmi_panic"), Frame(function="unknown_nmi_error"))),)


def test_who_sent_an_interrupt_of_unknown_reason_is_never_proven() -> None:
    died = crash(160.0, NMI, traces=UNKNOWN_NMI)
    case = judge(boot(died))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("operator", "likely")
    assert not any(action.kind == "close" for action in case.actions)
    assert level(boot(aer(159.0, "recoverable"), died)) == ("unknown", "weak")


@pytest.mark.parametrize(
    "title",
    [NMI, "kernel panic: An NMI occurred. Depending on your system the reason for the NMI is logged in any one"],
)
def test_an_interrupt_whose_reason_is_not_in_the_log_is_neither_asked_for_nor_a_bug(title: str) -> None:
    assert level(boot(banner(), crash(160.0, title))) == ("unknown", "weak")


def aer(time: float, severity: str) -> Event:
    return ghes(
        time, None, kind="aer", component="pcie", severity=severity, device="0000:3b:00.0", detail={"driver": "nvme"}
    )


@pytest.mark.parametrize(("severity", "at", "expected"), [("fatal", 158.0, "strong"), ("recoverable", 100.0, "likely")])
def test_device_error_before_its_drivers_crash(severity: str, at: float, expected: str) -> None:
    assert level(boot(banner(), aer(at, severity), gpf(160.0, module="nvme"))) == ("other-hardware", expected)
    assert level(boot(banner(), aer(at, severity), gpf(160.0, module="ext4")))[0] == "software"


def test_serror_with_a_processor_record_is_proven() -> None:
    died = crash(100.5, "kernel panic: Asynchronous SError Interrupt", arch="arm64", esr=0xBF000002)
    record = ghes(100.0, component="processor", what="bus error", severity="fatal")
    assert level(boot(record, died)) == ("other-hardware", "proven")


def test_serror_beside_a_device_error_is_the_devices() -> None:
    died = crash(100.5, "kernel panic: Asynchronous SError Interrupt", arch="arm64", esr=0xBF000002)
    assert level(boot(aer(100.0, "fatal"), died)) == ("other-hardware", "likely")
    assert level(boot(aer(50.0, "fatal"), died)) == ("unknown", "weak")


def test_machine_check_remark_is_no_record_of_an_error() -> None:
    remark = mce(159.0, 0, None, kind="mce_note", component="processor", mca={}, what="CPUs not responding")
    died = machine_check_panic(160.0, panic="Timeout: Not all CPUs entered broadcast exception handler")
    assert level(boot(remark, died)) == ("other-hardware", "likely")


# ---------------------------------------------------------------- software


def test_ordinary_crash_in_a_complete_log_is_likely_software() -> None:
    assert level(boot(banner(), gpf(160.0))) == ("software", "likely")


def test_checker_in_a_complete_log_is_strong_software() -> None:
    found = crash(160.0, "possible deadlock in foo", type="LOCKDEP", arch="x86_64")
    assert level(boot(banner(), found)) == ("software", "strong")


def test_excerpt_is_weak_software() -> None:
    assert level(boot(gpf(160.0))) == ("software", "weak")


def test_core_without_poison_stands_for_a_complete_log() -> None:
    assert level(boot(gpf(160.0), core=core(poisoned_count=0, addresses=()))) == ("software", "likely")


def test_core_that_cannot_tell_how_many_pages_are_bad_does_not_replace_a_complete_log() -> None:
    assert level(boot(gpf(160.0), core=core(poisoned_count=None, addresses=()))) == ("software", "weak")
    assert level(boot(banner(), gpf(160.0), core=core(poisoned_count=None, addresses=()))) == ("software", "likely")


def test_advice_on_weak_software_leaves_hardware_open() -> None:
    doubtful, sure = judge(boot(banner(), gpf(160.0, taint=("M",)))), judge(boot(banner(), gpf(160.0)))
    assert doubtful is not None and sure is not None
    assert "before hardware is ruled out" in doubtful.actions[0].text
    assert "nothing in this log asks for a hardware exchange" in sure.actions[0].text


def test_damaged_report_is_weak_software() -> None:
    assert level(boot(banner(), gpf(160.0, corrupted="two crashes are mixed"))) == ("software", "weak")


@pytest.mark.parametrize(
    "doubt",
    [
        ghes(100.0, kind="mce_note", component="unknown", severity="corrected", detail={"undecoded": True}),
        ghes(100.0),
        verdict(100.0, PFN),
    ],
)
def test_signs_of_hardware_leave_software_weak_at_most(doubt: Event) -> None:
    case = judge(boot(banner(), doubt, gpf(160.0)))
    assert case is not None
    assert case.verdict.confidence == "weak"


def test_a_machine_check_that_is_decoded_right_behind_its_announcement_is_no_doubt() -> None:
    logged = ghes(100.0, kind="mce_note", component="unknown", severity="corrected", detail={"undecoded": True})
    record = mce(100.0, 0x9400_4000_0008_0A13, bank=4, severity="corrected")
    case = judge(boot(banner(), logged, record, gpf(160.0)))
    assert case is not None
    assert case.verdict.confidence == "likely"
    assert case.copies == {"e1": "e2"}
    assert [e.text.split(" error(s)")[0] for e in case.verdict.against] == ["1 corrected"]
    assert level(boot(banner(), logged, replace(record, time=110.0), gpf(160.0))) == ("software", "weak")


def test_unexplained_machine_check_taint_leaves_software_weak() -> None:
    assert level(boot(banner(), gpf(160.0, taint=("M",)))) == ("software", "weak")


def test_corrected_error_does_not_lower_software_but_stands_against_it() -> None:
    corrected = ghes(100.0, LINE, severity="corrected", what="single-bit ECC")
    said = verdict_of(boot(banner(), corrected, gpf(160.0)))
    assert (said.cause, said.confidence) == ("software", "likely")
    assert any("corrected" in evidence.text for evidence in said.against)


def test_throttled_network_lines_are_no_lost_evidence() -> None:
    lost = notice(50.0, "lost", "net_ratelimit: 42 callbacks suppressed", function="net_ratelimit")
    assert level(boot(banner(), lost, gpf(160.0))) == ("software", "likely")


def test_lost_evidence_lowers_software_one_level() -> None:
    lost = notice(50.0, "lost", "42 callbacks suppressed")
    assert level(boot(banner(), lost, gpf(160.0))) == ("software", "weak")


def test_out_of_memory_panic_is_neither_bug_nor_hardware() -> None:
    text = "Out of memory: compulsory panic_on_oom is enabled"
    assert level(boot(banner(), crash(160.0, f"kernel panic: {text}", panic=text))) == ("unknown", "weak")


# ---------------------------------------------------------------- operator, no crash


def test_sysrq_is_the_operator_and_the_open_page_is_not_blamed() -> None:
    died = crash(160.0, "kernel panic: sysrq triggered crash", panic="sysrq triggered crash", arch="x86_64")
    case = judge(boot(*incident()[:3], died))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("operator", "proven")
    assert not any(page.blamed for page in case.pages)
    assert any("Not blamed, but open" in evidence.text for evidence in case.verdict.against)


@pytest.mark.parametrize(("at", "cause"), [(160.4, "operator"), (175.0, "software")])
def test_what_crashes_right_behind_the_word_of_sysrq_was_asked_for(at: float, cause: str) -> None:
    asked = notice(160.0, "sysrq", "sysrq: Trigger a crash")
    assert (
        level(boot(banner(), asked, crash(at, "BUG: unable to handle kernel paging request in corrupted")))[0] == cause
    )


def test_no_crash_but_an_open_page_is_a_case_of_its_own() -> None:
    case = judge(boot(*incident()[:3]))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("no-crash", "strong")
    assert any(action.kind == "drain" for action in case.actions)


def test_open_page_before_a_capture_kernel_is_not_called_a_running_host() -> None:
    case = judge(replace(boot(*incident()[:3]), followed_by="capture-kernel"))
    assert case is not None
    assert (case.verdict.cause, case.verdict.confidence) == ("memory-error", "weak")
    assert "a capture kernel follows" in case.verdict.summary
    assert not any(action.kind == "drain" for action in case.actions)


def test_a_core_that_only_firmware_names_is_to_be_checked() -> None:
    case = judge(boot(ghes(100.0, None, component="cache", what="cache error", location={"mpidr": "0x81000500"})))
    assert case is not None
    assert any("the core of MPIDR 0x81000500 (cache error)" in action.text for action in case.actions)


def device_error(time: float, device: str, **more: object) -> HardwareError:
    fields = {"kind": "aer", "component": "pcie", "severity": "recoverable", "what": "ACSViol"}
    return ghes(time, None, device=device, **{**fields, **more})


def test_the_device_that_reported_is_to_be_checked_not_those_that_went_down_with_it() -> None:
    gone = device_error(9.0, "0000:3c:00.0", kind="pci_recovery", what="can't recover (no error_detected callback)")
    events = [banner(), gone, device_error(10.0, "0000:3b:00.0"), device_error(20.0, "0000:4b:00.0", severity="fatal")]
    case = judge(boot(*events))
    assert case is not None
    assert "0000:4b:00.0" in case.verdict.summary
    assert [action.text for action in case.actions] == [
        "Have 0000:4b:00.0 (ACSViol) checked: it reported a fatal error."
    ]
    alone = judge(boot(banner(), gone))
    assert alone is not None
    assert "the error itself is not in this log" in alone.verdict.summary
    assert "0000:3c:00.0" not in " ".join(action.text for action in alone.actions)


def test_a_fatal_machine_check_is_not_said_to_be_survived() -> None:
    case = judge(boot(banner(), mce(900.0, CACHE, component="cache", cpu=3)))
    assert case is not None
    assert "the log ends there, or the record is of the boot before" in case.verdict.summary
    assert not any("went on" in action.text for action in case.actions)


def test_an_error_long_before_its_driver_crashed_explains_nothing() -> None:
    reported = device_error(100.0, "0000:3b:00.0", detail={"driver": "nvme"})
    assert level(boot(banner(), reported, gpf(160.0, module="nvme"))) == ("other-hardware", "likely")
    assert level(boot(banner(), reported, gpf(9000.0, module="nvme"))) == ("software", "likely")


def test_open_page_before_another_boot_is_not_called_a_running_host() -> None:
    said = verdict_of(replace(boot(*incident()[:3]), followed_by="boot"))
    assert said.cause == "no-crash"
    assert "restarted" in said.summary


def test_capture_kernel_that_only_reports_leftovers_is_no_case_of_its_own() -> None:
    hint = notice(0.1, "capture-kernel", "elfcorehdr=0x7f000000")
    record = mce(1.0, SRAR, LINE, previous_boot=True)
    assert judge(boot(replace(hint, boot=1), replace(record, boot=1))) is None
    assert judge(boot(hint, record)) is not None


def test_no_crash_and_recovered_is_no_risk() -> None:
    assert level(boot(ghes(100.0, LINE), verdict(100.02, PFN, "dirty LRU page", "Recovered"))) == ("no-crash", "none")


def test_corrected_errors_alone_are_no_case() -> None:
    assert judge(boot(ghes(100.0, LINE, severity="corrected"))) is None
    assert judge(boot(banner())) is None


def test_guest_does_not_name_a_module_of_its_own() -> None:
    guest = notice(0.5, "hypervisor", "Hypervisor detected: KVM")
    case = judge(boot(guest, *incident(location={"dimm": "DIMM_B1"}), core=core()))
    assert case is not None
    assert any("the module is the host's" in action.text for action in case.actions)
    assert not any("DIMM_B1." in action.text for action in case.actions)


def test_core_page_settles_type_and_what_if() -> None:
    facts = PageFacts(
        pfn=PFN, physical_address=PFN << 12, type="slab", type_now="slab", poisoned=True, detail={"cache": "dentry"}
    )
    case = judge(boot(*incident(), core=core(pages=(facts,))))
    assert case is not None
    assert (case.pages[0].type, case.pages[0].type_source, case.pages[0].detail["cache"]) == ("slab", "core", "dentry")
    assert [(answer.policy, answer.would_panic) for answer in case.counterfactual] == [
        ("v4", "no"),
        ("linux-7.3", "yes"),
    ]


def test_a_crash_that_names_no_kernel_is_of_the_kernel_that_booted() -> None:
    case = judge(boot(banner("5.14.0-362.el9.x86_64"), crash(160.0, "kernel panic: foo", kernel=None, arch=None)))
    assert case and case.crash
    assert (case.crash.kernel, case.crash.arch) == ("5.14.0-362.el9.x86_64", "x86_64")
