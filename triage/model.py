"""What every room passes to the next: frozen dataclasses without behaviour.

Addresses, page frame numbers and registers are plain `int`; times are printk seconds (`float`), wall times Unix seconds
(UTC); line numbers count from 1. `None` means unknown: nothing here is an empty string standing for "not there".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, dataclass_transform

Severity = Literal["corrected", "deferred", "recoverable", "fatal"]
SEVERITIES: tuple[Severity, ...] = ("corrected", "deferred", "recoverable", "fatal")  # rising
Component = Literal["memory", "cache", "processor", "bus", "pcie", "cxl", "platform", "unknown"]
Cause = Literal["memory-error", "other-hardware", "software", "operator", "unknown", "no-crash"]
Confidence = Literal["proven", "strong", "likely", "weak", "none"]
CONFIDENCES: tuple[Confidence, ...] = ("none", "weak", "likely", "strong", "proven")  # rising


# ---------------------------------------------------------------- what the log says


T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """A frozen dataclass to the type checker; at run time one that is made in a quarter of the time: logs hold many."""
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)


@record
class Event:
    """One record of the log, whatever its kind; `lines` are its own as (number, raw text), others may lie between."""

    kind: str  # stem of the grammar that parsed it: "ghes", "edac", "oops" ...
    source: str  # the input as the user named it, a member of an archive as "archive!member"
    first_line: int
    last_line: int
    lines: tuple[tuple[int, str], ...] = ()
    time: float | None = None
    wall_time: float | None = None
    dial: float | None = None  # seconds since New Year, where the wall clock before the line has no year
    host: str | None = None
    boot_id: str | None = None  # journald's _BOOT_ID where the prefix carries it
    caller: str | None = None  # "T1234" or "C0" (CONFIG_PRINTK_CALLER)
    boot: int = 0  # boots of one source are numbered in the order they stand there
    missing: tuple[str, ...] = ()  # what a complete record has and this one lacks
    interrupted: int = 0  # lines it had when another report of the same printer began inside it; 0 if none did
    replayed: bool = False  # the same text with the same time stands earlier in this source


@record
class HardwareError(Event):
    """One hardware error as one reporter told it: a CPER section, a machine check bank, an EDAC line, an AER block."""

    component: Component
    severity: Severity
    what: str  # the reporter's own words: "multi-bit ECC", "memory read error", "Unsupported Request"
    sequence: int | None = None  # {n} of APEI
    section: int | None = None  # index of the section in its CPER record
    physical_address: int | None = None  # a *system* physical address; AMD's normalised address stands in detail
    granularity: int | None = None  # bytes the reporter vouches for; None: not said
    page: int | None = None  # page frame number where the reporter prints one (EDAC)
    page_offset: int | None = None  # byte offset in that page (EDAC)
    mca: dict[str, Any] = field(default_factory=dict)  # decoded machine check registers
    location: dict[str, Any] = field(default_factory=dict)  # node card module rank bank device row column dimm slot ...
    device: str | None = None  # PCI address dddd:bb:dd.f
    cpu: int | None = None
    count: int = 1
    previous_boot: bool = False  # BERT, ERST, leftover machine checks: happened before this boot
    injected: bool = False  # EINJ, mce-inject: real to the kernel, made on purpose
    detail: dict[str, Any] = field(default_factory=dict)


@record
class MemoryFailure(Event):
    """One line of mm/memory-failure.c or of its callers (5.4 to 7.3)."""

    action: Literal[
        "verdict", "unhandlable", "unknown-state", "already-poisoned", "sigbus", "kill", "unpoison", "soft-offline",
        "injection", "panic", "overflow", "outside", "note",
    ]  # fmt: skip
    text: str  # the message after its prefix
    pfn: int | None = None
    physical_address: int | None = None
    label: str | None = None  # verbatim page-type label of the verdict line
    result: str | None = None  # Ignored | Failed | Delayed | Recovered
    task: str | None = None
    pid: int | None = None


@record
class Frame:
    """One entry of a call trace: ` ? d_lookup+0x5c/0x220 [ext4]`."""

    function: str
    offset: int | None = None
    size: int | None = None
    module: str | None = None
    reliable: bool = True
    inline: bool = False
    file: str | None = None
    line: int | None = None
    address: int | None = None
    stack: str | None = None  # IRQ, NMI, #DF ... where the trace marks it


@record
class Trace:
    """One call trace of a record with the words that introduce it ("Call Trace:", "Allocated by task 12:")."""

    heading: str
    frames: tuple[Frame, ...]


@record
class Crash(Event):
    """An oops, BUG, WARNING, lockup, sanitizer report or panic."""

    header: tuple[str, ...]  # the lines that announce it, without prefix
    title: str = "unknown crash"
    alt_titles: tuple[str, ...] = ()
    type: str = "UNKNOWN"
    function: str | None = None  # where it crashed, without compiler suffixes
    offset: int | None = None
    size: int | None = None
    module: str | None = None
    frame: str | None = None  # the function that the title blames
    task: str | None = None
    pid: int | None = None
    uid: int | None = None
    cpu: int | None = None
    kernel: str | None = None
    arch: str | None = None  # x86_64 i386 arm64 arm riscv64 ppc64 s390x loongarch64 mips
    taint: tuple[str, ...] = ()  # letters
    hardware: str | None = None
    workqueue: str | None = None
    registers: dict[str, int] = field(default_factory=dict)  # lower-case names: rax, x8, cr2, pstate
    user_registers: dict[str, int] = field(default_factory=dict)
    fault_address: int | None = None
    esr: int | None = None
    error_code: int | None = None
    code: str | None = None
    traces: tuple[Trace, ...] = ()
    modules: tuple[str, ...] = ()
    panic: str | None = None  # text after "Kernel panic - not syncing: "
    panicked: bool = False
    corrupted: str | None = None  # why the report cannot be trusted as a whole, None if it can
    complete: bool = False  # an end mark or panic end was seen
    page_size: int | None = None  # bytes, where the record prints it
    va_bits: int | None = None
    kdump_loaded: bool = False
    detail: dict[str, Any] = field(default_factory=dict)


@record
class Notice(Event):
    """A line that is no error but changes what errors mean: boot banner, virtual machine, layout, lost messages."""

    what: Literal[
        "boot",
        "cmdline",
        "machine",
        "hypervisor",
        "layout",
        "lost",
        "injection",
        "shutdown",
        "capture-kernel",
        "oom",
        "sysctl",
        "sysrq",
        "reporter",  # who watches for hardware errors: a driver or decoder that announces itself
    ]
    text: str
    values: dict[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------- what a core says


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """What the core knows of a page; `type` is what it was when the error struck, `type_now` what it is in the dump."""

    pfn: int
    physical_address: int
    type: str
    type_now: str
    poisoned: bool | None
    detail: dict[str, Any] = field(
        default_factory=dict
    )  # keys of the JSON contract: cache, aliases, head_pfn, object_address, path ...
    node: int | None = None
    zone: str | None = None
    memcg: str | None = None
    flags: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()  # how the type was decided, one sentence each
    referrers: tuple[str, ...] = ()
    excluded: bool = False  # content left out by makedumpfile


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFact:
    """One address of the crash context, translated by the core's own tables."""

    via: str  # "x8", "x19+0x18", "MCi_ADDR bank 9", "fault address"
    address: int  # virtual, or physical for MCi_ADDR
    physical_address: int
    exact: bool  # the address the faulting instruction used, not just a register's value
    translation: Literal["hardware", "core"] = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreFacts:
    """Everything the inspectors recovered from one vmcore."""

    path: str
    format: str  # elf, kdump, flattened, minicore
    types: str  # "dwarf (PATH)", "btf", "vmcoreinfo"
    arch: str | None = None
    kernel: str | None = None
    host: str | None = None
    build_id: str | None = None
    crash_time: float | None = None  # CRASHTIME, Unix seconds
    page_shift: int | None = None
    log: str | None = None  # kernel log out of the core, one prefix per line
    pages: tuple[PageFacts, ...] = ()
    asked: tuple[tuple[int, ...], ...] = ()  # (number, pfn): the page behind each frame number or address asked for
    addresses: tuple[AddressFact, ...] = ()
    poisoned_count: int | None = None  # num_poisoned_pages
    counters: dict[str, Any] = field(default_factory=dict)
    sysctls: dict[str, int] = field(default_factory=dict)
    injected_only: bool | None = None  # hw_memory_failure false: only software ever injected
    crash: dict[str, Any] = field(
        default_factory=dict
    )  # task, pid, cpu, comm, function, offset, trace[], registers{}, victim_cpu
    unread: tuple[int, ...] = ()  # PFNs that were needed and are not in the core
    notes: tuple[str, ...] = ()  # what failed or is missing, each with its reason
    cage: tuple[str, ...] = ()  # what the process that read it could not do: "use the network"


# ---------------------------------------------------------------- what triage concludes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    text: str
    source: str | None = None
    first_line: int | None = None
    last_line: int | None = None
    addresses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    cause: Cause
    confidence: Confidence
    summary: str
    software_excluded: bool = False
    evidence: tuple[Evidence, ...] = ()
    against: tuple[Evidence, ...] = ()
    would_raise: tuple[str, ...] = ()  # what would make it surer


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHistory:
    """All that was reported of one page in one boot, and how it ended; `pages[]` of the JSON contract."""

    pfn: int
    physical_address: int | None = None
    type: str = "unknown"
    type_now: str | None = None
    type_source: Literal["core", "log", "inferred"] | None = None
    log_label: str | None = None
    log_result: str | None = None
    poisoned: bool | None = None
    injected: bool = False
    location: dict[str, Any] = field(default_factory=dict)
    first_seen: float | None = None
    verdict_time: float | None = None
    blamed: bool = False
    detail: dict[str, Any] = field(default_factory=dict)
    open: bool = False  # last state Ignored or Failed, or a record without verdict
    recorded: bool = False  # an uncorrected error record of this boot names the page
    page_shift: int | None = None
    granularity: int | None = None
    errors: tuple[str, ...] = ()  # ids of errors[]
    facts: PageFacts | None = None
    why: str | None = None  # how the type is known, or why it cannot be


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One route from the crash to a page."""

    pfn: int
    match: Literal["line", "page", "time"]
    via: str | None = None
    address: int | None = None
    translation: Literal["hardware", "core", "log", "inferred"] | None = None
    granularity: int | None = None
    lag_seconds: float | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    policy: Literal["v4", "linux-7.3"]
    pfn: int
    would_panic: Literal["yes", "no", "depends"]
    if_type: dict[str, str] = field(default_factory=dict)
    at: float | None = None
    lead_seconds: float | None = None
    actual: bool = False  # this very kernel did panic at the error
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    text: str
    kind: Literal["replace", "close", "drain", "sysctl", "collect", "investigate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One input that took part in a case."""

    path: str
    kind: Literal["log", "core", "sel", "dmi", "sqlite"] = "log"
    sha256: str | None = None
    size: int | None = None
    host: str | None = None
    boot: str | None = None
    format: str | None = None
    lines: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What failed or is missing, with its reason; `source` names the input."""

    text: str
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """Everything known of one boot of one host, before judgement; events in time order."""

    events: tuple[Event, ...] = ()
    core: CoreFacts | None = None
    host: str | None = None
    boot_id: str | None = None
    sources: tuple[Source, ...] = ()
    notes: tuple[Note, ...] = ()
    followed_by: Literal["boot", "capture-kernel"] | None = None  # what begins in the same log where this boot ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One boot judged."""

    verdict: Verdict
    boot: Boot
    crash: Crash | None = None
    crashes: tuple[Crash, ...] = ()
    errors: tuple[tuple[str, HardwareError], ...] = ()  # (id, error)
    copies: dict[str, str] = field(default_factory=dict)  # id -> id of the error of which it is another report
    pages: tuple[PageHistory, ...] = ()
    links: tuple[Link, ...] = ()
    counterfactual: tuple[Counterfactual, ...] = ()
    actions: tuple[Action, ...] = ()
    notes: tuple[Note, ...] = ()

    def _repr_html_(self) -> str:
        """The report, for notebooks."""
        from triage.report import html  # only notebooks pay for jinja2

        return html.embedded([self])


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Hardware error -> crash site over several boots: the most telling pair of each crash, counted."""

    error: str  # "memory error, Ignored", or what an error without a page was
    standing: str  # how it stood to the crash: address | open | not judged | recovered
    title: str  # of the crash
    often: int
    hosts: int
    lag_median: float | None = None  # seconds
    lag_max: float | None = None
