"""What to do about a verdict, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from triage.correlate.labels import is_since
from triage.correlate.reports import is_outcome, worst_first
from triage.correlate.rules._software import is_nmi
from triage.correlate.scene import Scene
from triage.correlate.words import core, dimm, place, seconds
from triage.logs.decode.machine import virtual
from triage.model import Action, Counterfactual, HardwareError, PageHistory, Verdict

SURE = ("proven", "strong", "likely")
SYSCTL = "vm.panic_on_unrecoverable_memory_failure=1"


def actions(
    scene: Scene, verdict: Verdict, pages: Sequence[PageHistory], whatif: Sequence[Counterfactual]
) -> tuple[Action, ...]:
    """The advice for a case."""
    found = [*by_cause(scene, verdict, pages), *sysctl(scene, whatif), *collect(scene, verdict)]
    return tuple(dict.fromkeys(found))


def by_cause(scene: Scene, verdict: Verdict, pages: Sequence[PageHistory]) -> Iterator[Action]:
    """Replace, close, drain or look into it."""
    if verdict.cause == "no-crash":
        yield from at_risk(scene, pages)
    elif verdict.cause == "memory-error" and verdict.confidence in SURE:
        yield from replace_module(scene, pages)
        made = any(page.blamed and page.injected for page in pages)
        done = "as a test if it was one" if made else "as hardware once the module is replaced"
        yield Action(kind="close", text=f"Close the kernel ticket {done}; link it to this report.")
    elif verdict.cause == "memory-error":
        yield Action(
            kind="investigate",
            text="Treat the crash as open: memory is only a suspicion. Test the module named by the error first.",
        )
    elif verdict.cause == "other-hardware":
        if verdict.confidence == "proven":
            named = (named_part(error) for error in scene.uncorrected() if error.severity == "fatal")
            part = next(filter(None, named), "the part that the fatal record names")
            yield Action(kind="replace", text=f"Check, reseat or replace {part}; memory is not the suspect.")
        else:
            text = "Have the hardware checked, by the BMC's event log first: this log does not name one part for sure."
            yield Action(kind="investigate", text=text)
    elif verdict.cause == "software":
        title = f' Search the kernel lists for "{scene.crash.title}".' if scene.crash else ""
        doubt = (
            "what stands against it must be settled before hardware is ruled out"
            if verdict.confidence == "weak"
            else "nothing in this log asks for a hardware exchange"
        )
        yield Action(kind="investigate", text=f"Look for the bug in the kernel: {doubt}.{title}")
    elif verdict.cause == "operator" and scene.crash is not None and is_nmi(scene.crash):
        text = "Find out who sent the interrupt (the BMC's event log tells); if nobody did, have the hardware checked."
        yield Action(kind="investigate", text=text)
    elif verdict.cause == "operator":
        yield Action(kind="close", text="Nothing failed: find out who asked for it, and close.")
    else:
        yield Action(
            kind="investigate", text="Look for firmware error records of the same minute before any part is exchanged."
        )


def at_risk(scene: Scene, pages: Sequence[PageHistory]) -> Iterator[Action]:
    """A host that still runs."""
    risky = [page for page in pages if page.open and (page.recorded or not page.injected)]
    if risky and scene.boot.followed_by is not None:
        yield Action(kind="collect", text="Find out how that boot ended: the BMC's event log, or a vmcore.")
        yield from replace_module(scene, risky)
    elif risky:
        yield Action(
            kind="drain",
            text="Drain this host now and reboot it: corrupt memory is still in use, and the next access may stop it.",
        )
        yield from replace_module(scene, risky)
    elif any(page.open for page in pages):
        yield Action(kind="investigate", text="The mark was set by software: reboot to clear it.")
    elif errors := scene.uncorrected():
        if named := next((e for e in worst_first(errors) if named_part(e) and not is_outcome(e)), None):
            how = "a fatal error" if named.severity == "fatal" else "uncorrected errors and went on"
            yield Action(kind="investigate", text=f"Have {named_part(named)} checked: it reported {how}.")
        elif all(is_outcome(error) for error in errors):
            text = "Get the log from before these lines: it names the device whose error was to be recovered from."
            yield Action(kind="collect", text=text)


def named_part(error: HardwareError) -> str | None:
    """The part that an error names: a module, a PCI device, a processor or core."""
    cpu = f"CPU {error.cpu}" if error.cpu is not None else core(error.location)
    part = dimm(error.location) or error.device or cpu
    return f"{part} ({error.what})" if part else None


def replace_module(scene: Scene, pages: Sequence[PageHistory]) -> Iterator[Action]:
    """The module to replace, as precisely as any reporter named it; on a guest it is the host's and unknown."""
    hardware = (scene.crash.hardware if scene.crash else None) or ""
    if scene.notice("hypervisor") is not None or virtual(hardware):
        text = (
            "This is a virtual machine: its addresses are the guest's. Find the memory error in the host's "
            "log; the module is the host's."
        )
        yield Action(kind="replace", text=text)
        return
    chosen = [page for page in pages if page.blamed] or [page for page in pages if page.open] or list(pages)
    names = list(dict.fromkeys(name for page in chosen if (name := dimm(page.location))))
    if chosen and all(page.injected for page in chosen):
        part = names[0] if names else "the memory module"
        text = f"An error injector was at work: find out whether somebody tested here. If nobody did, replace {part}."
        yield Action(kind="investigate", text=text)
        return
    for name in names[:3]:
        yield Action(kind="replace", text=f"Replace {name}.")
    if not names:
        known = [page for page in chosen if page.physical_address is not None]
        where = f" at {known[0].physical_address:#x}" if known else ""
        where += f" ({place(known[0].location)})" if known and known[0].location else ""
        yield Action(
            kind="replace",
            text=(
                f"Find the memory module{where} (EDAC, dmidecode, the BMC's event log) and replace it: this log "
                "does not name it."
            ),
        )


def sysctl(scene: Scene, whatif: Sequence[Counterfactual]) -> Iterator[Action]:
    """The 7.3 sysctl, where it would (or may) have turned silent use of bad memory into a clean stop."""
    if any(answer.actual for answer in whatif):
        yield Action(
            kind="sysctl", text=f"Keep {SYSCTL}: it stopped this machine at the error, before the bad memory was used."
        )
        return
    answers = [a for a in whatif if a.policy == "linux-7.3" and a.would_panic != "no"]
    if not answers:
        return
    answer = answers[0]
    early = f", {seconds(answer.lead_seconds)} earlier" if answer.lead_seconds is not None else ""
    sure = (
        "would" if answer.would_panic == "yes" else "would, if the page is slab, page table, large kmalloc or reserved,"
    )
    have = "" if is_since(scene.kernel, 7, 3) else "From Linux 7.3 on: "
    yield Action(
        kind="sysctl", text=f"{have}set {SYSCTL}. It {sure} have stopped this machine cleanly at the error{early}."
    )


def collect(scene: Scene, verdict: Verdict) -> Iterator[Action]:
    """What to have ready next time."""
    if verdict.confidence == "proven" or verdict.cause == "no-crash":
        return
    if scene.boot.core is None and scene.crash is not None:
        yield Action(
            kind="collect",
            text="Next time keep a vmcore (kdump): it tells the page's type and translates the fault's address.",
        )
    if scene.notice("boot") is None and scene.crash is not None:
        yield Action(kind="collect", text="Keep the whole log from boot on: this one is an excerpt.")
