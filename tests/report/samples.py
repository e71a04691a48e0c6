"""Cases made by hand, one for each situation that a report must serve."""

# ruff: noqa: E501  log lines and sentences are samples, not code

from __future__ import annotations

from dataclasses import replace

from triage.model import (
    Action,
    AddressFact,
    Boot,
    Case,
    CoreFacts,
    Counterfactual,
    Crash,
    Event,
    Evidence,
    Frame,
    HardwareError,
    Link,
    MemoryFailure,
    Note,
    PageFacts,
    PageHistory,
    Source,
    Trace,
    Verdict,
)

START = 1_779_000_000.0  # Unix seconds at printk time 0 of the samples that know the wall clock


def _lines(first: int, text: str) -> tuple[tuple[int, str], ...]:
    return tuple(enumerate(text.strip("\n").split("\n"), first))


def _span(lines: tuple[tuple[int, str], ...]) -> dict[str, object]:
    return {"first_line": lines[0][0], "last_line": lines[-1][0], "lines": lines}


# ---------------------------------------------------------------- the incident that started the project


def origin() -> Case:
    """Five lines of a log: ignored page, then a synchronous external abort; no address, page type not knowable."""
    text = """
[88690.479680] [Hardware Error]: error_type: 3, multi-bit ECC
[88690.498473] Memory failure: 0x40272d: unhandlable page.
[88690.498619] Memory failure: 0x40272d: recovery action for get hwpoison page: Ignored
[88757.847126] Internal error: synchronous external abort: 0000000096000410 [#1] SMP
[88758.061075] pc : d_lookup+0x5c/0x220"""
    rows = _lines(1, text)
    log = "origin.log"
    error = HardwareError(
        kind="ghes",
        source=log,
        **_span(rows[:1]),
        time=88690.47968,
        component="memory",
        severity="recoverable",
        what="multi-bit ECC",
        missing=("physical_address",),
    )
    unhandlable = MemoryFailure(
        kind="memory_failure",
        source=log,
        **_span(rows[1:2]),
        time=88690.498473,
        action="unhandlable",
        text="0x40272d: unhandlable page.",
        pfn=0x40272D,
    )
    verdict_line = MemoryFailure(
        kind="memory_failure",
        source=log,
        **_span(rows[2:3]),
        time=88690.498619,
        action="verdict",
        pfn=0x40272D,
        text="0x40272d: recovery action for get hwpoison page: Ignored",
        label="get hwpoison page",
        result="Ignored",
    )
    crash = Crash(
        kind="oops",
        source=log,
        **_span(rows[3:]),
        time=88757.847126,
        arch="arm64",
        esr=0x96000410,
        header=("Internal error: synchronous external abort: 0000000096000410 [#1] SMP",),
        title="synchronous external abort in d_lookup",
        type="EXTERNAL_ABORT",
        function="d_lookup",
        offset=0x5C,
        size=0x220,
        missing=("registers", "trace", "task"),
        traces=(Trace(heading="pc", frames=(Frame(function="d_lookup", offset=0x5C, size=0x220),)),),
    )
    page = PageHistory(
        pfn=0x40272D,
        type="unknown",
        log_label="get hwpoison page",
        log_result="Ignored",
        poisoned=True,
        open=True,
        recorded=True,
        blamed=True,
        first_seen=88690.47968,
        verdict_time=88690.498619,
        errors=("e1",),
        why="the label `get hwpoison page` covers slab, page tables, vmalloc, stacks and more on this kernel; only a core can tell",
    )
    types = {"slab": "no", "page-table": "no", "large-kmalloc": "no", "reserved": "yes", "vmalloc": "no"}
    merged = {"slab": "yes", "page-table": "yes", "large-kmalloc": "yes", "reserved": "yes", "vmalloc": "no"}
    verdict = Verdict(
        cause="memory-error",
        confidence="likely",
        software_excluded=False,
        summary="Bad memory in page 0x40272d most likely killed this machine in d_lookup(). The kernel ignored the error 67.35 s earlier and left the page in use.",
        evidence=(
            Evidence(text="an uncorrected multi-bit ECC error was reported", source=log, first_line=1, last_line=1),
            Evidence(
                text="memory_failure() ignored page 0x40272d: it stayed in use", source=log, first_line=2, last_line=3
            ),
            Evidence(
                text="ESR 0x96000410: external abort on a kernel data read, FAR not valid (FnV=1): what consuming poison looks like",
                source=log,
                first_line=4,
                last_line=4,
                addresses=(0x96000410,),
            ),
        ),
        against=(
            Evidence(
                text="reading a dead device register looks the same (DFSC 0x10 is generic); no address ties the abort to the page",
                source=log,
                first_line=4,
                last_line=4,
            ),
        ),
        would_raise=("the registers of the oops and the physical address of the record", "a vmcore of this boot"),
    )
    return Case(
        verdict=verdict,
        crash=crash,
        crashes=(crash,),
        errors=(("e1", error),),
        pages=(page,),
        boot=Boot(
            events=(error, unhandlable, verdict_line, crash),
            sources=(Source(path=log, sha256="0d" * 32, size=417, lines=5, format="printk"),),
        ),
        links=(Link(pfn=0x40272D, match="time", lag_seconds=67.348507),),
        counterfactual=(
            Counterfactual(
                policy="v4",
                pfn=0x40272D,
                would_panic="depends",
                if_type=types,
                at=88690.498619,
                lead_seconds=67.348507,
                why="slab takes the get-hwpoison path, which v4 leaves out; only PG_reserved would have panicked",
            ),
            Counterfactual(
                policy="linux-7.3",
                pfn=0x40272D,
                would_panic="depends",
                if_type=merged,
                at=88690.498619,
                lead_seconds=67.348507,
                why="kernel-owned pages panic: slab, page table, large kmalloc, reserved",
            ),
        ),
        actions=(
            Action(
                kind="investigate",
                text="Find the DIMM: the log holds no address and no location; ask the BMC's event log for the time of the error.",
            ),
            Action(kind="drain", text="Take the host out of service until the DIMM is replaced."),
            Action(kind="sysctl", text="On Linux 7.3 or later set vm.panic_on_unrecoverable_memory_failure=1."),
            Action(kind="collect", text="Next time keep the vmcore and the whole log."),
        ),
        notes=(Note(text="the oops is an excerpt: no registers, no call trace", source=log),),
    )


# ---------------------------------------------------------------- a vmcore that proves it

_PROVEN_LOG = """
[   41.207113] {3}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 2
[   41.207116] {3}[Hardware Error]: event severity: recoverable
[   41.207118] {3}[Hardware Error]:  Error 0, type: recoverable
[   41.207119] {3}[Hardware Error]:   section_type: memory error
[   41.207121] {3}[Hardware Error]:   physical_address: 0x00000000519b7a80
[   41.207123] {3}[Hardware Error]:   physical_address_mask: 0xfffffffffffff000
[   41.207125] {3}[Hardware Error]:   node:1 card:2 module:0 rank:1 bank:5 device:0 row:20931 column:448
[   41.207127] {3}[Hardware Error]:   error_type: 3, multi-bit ECC
[   41.207129] {3}[Hardware Error]:   DIMM location: P1 DIMM_C0
[   41.231870] Memory failure: 0x519b7: unhandlable page.
[   41.231902] Memory failure: 0x519b7: recovery action for get hwpoison page: Ignored
"""
_PROVEN_OOPS = """
[  233.660417] Internal error: synchronous external abort: 0000000096000410 [#1]  SMP
[  233.660905] Modules linked in: nls_ascii vfat fat ext4 mbcache jbd2 virtio_net
[  233.661502] CPU: 3 UID: 998 PID: 2214 Comm: indexer Tainted: G   M               6.12.117-arm64 #1
[  233.661911] Tainted: [M]=MACHINE_CHECK
[  233.662204] Hardware name: Example Systems R2/MB7, BIOS 2.4 03/11/2026
[  233.662618] pstate: 20400005 (nzCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)
[  233.663011] pc : __d_lookup_rcu+0x6c/0x190
[  233.663330] lr : lookup_fast+0x30/0x148
[  233.663640] sp : ffff80008a5e3b10
[  233.663911] x29: ffff80008a5e3b10 x28: ffff80008a5e3cf8 x27: 0000000000000000
[  233.664415] x26: 0000000000000041 x25: ffff0000063a1540 x24: 00000012f7b19d30
[  233.664920] x23: 0000000000000012 x22: 00000000f7b19d30 x21: ffff000008a2f0c0
[  233.665423] x20: ffff0000119b7a78 x19: ffff0000119b7a80 x18: 0000000000000000
[  233.665930] Call trace:
[  233.666120]  __d_lookup_rcu+0x6c/0x190 (P)
[  233.666431]  lookup_fast+0x30/0x148
[  233.666706]  walk_component+0x28/0x188
[  233.666993]  path_lookupat+0x70/0x1a0
[  233.667275]  filename_lookup+0xd8/0x1f8
[  233.667568]  vfs_statx+0x78/0x1e0
[  233.667836]  do_statx+0x58/0xa8
[  233.668092]  __arm64_sys_statx+0x94/0xd0
[  233.668392]  invoke_syscall+0x70/0x108
[  233.668681]  el0_svc_common.constprop.0+0x4c/0xf8
[  233.669030]  do_el0_svc+0x28/0x40
[  233.669299]  el0_svc+0x38/0x118
[  233.669555]  el0t_64_sync_handler+0x130/0x138
[  233.669888]  el0t_64_sync+0x198/0x1a0
[  233.670172] Code: eb00029f 540001c0 f9400293 b4000193 (b9400a60)
[  233.670617] SMP: stopping secondary CPUs
[  233.671801] Starting crashdump kernel...
"""


def proven() -> Case:
    """A core: the faulting load's address lies in the line that firmware reported, three minutes after it was ignored."""
    log = "crash/vmcore"
    first, oops = _lines(611, _PROVEN_LOG), _lines(702, _PROVEN_OOPS)
    place = {
        "node": 1,
        "card": 2,
        "module": 0,
        "rank": 1,
        "bank": 5,
        "device": 0,
        "row": 20931,
        "column": 448,
        "dimm": "P1 DIMM_C0",
    }
    stamp = {"source": log, "host": "store-31", "caller": None}
    error = HardwareError(
        kind="ghes",
        **stamp,
        **_span(first[:9]),
        time=41.207113,
        wall_time=START + 41.207113,
        component="memory",
        severity="recoverable",
        what="multi-bit ECC",
        sequence=3,
        section=0,
        physical_address=0x519B7A80,
        granularity=4096,
        location=place,
    )
    unhandlable = MemoryFailure(
        kind="memory_failure",
        **stamp,
        **_span(first[9:10]),
        time=41.23187,
        wall_time=START + 41.23187,
        action="unhandlable",
        text="0x519b7: unhandlable page.",
        pfn=0x519B7,
    )
    ignored = MemoryFailure(
        kind="memory_failure",
        **stamp,
        **_span(first[10:]),
        time=41.231902,
        wall_time=START + 41.231902,
        action="verdict",
        pfn=0x519B7,
        text="0x519b7: recovery action for get hwpoison page: Ignored",
        label="get hwpoison page",
        result="Ignored",
    )
    names = [
        ("__d_lookup_rcu", 0x6C, 0x190),
        ("lookup_fast", 0x30, 0x148),
        ("walk_component", 0x28, 0x188),
        ("path_lookupat", 0x70, 0x1A0),
        ("filename_lookup", 0xD8, 0x1F8),
        ("vfs_statx", 0x78, 0x1E0),
        ("do_statx", 0x58, 0xA8),
        ("__arm64_sys_statx", 0x94, 0xD0),
        ("invoke_syscall", 0x70, 0x108),
        ("el0_svc_common.constprop.0", 0x4C, 0xF8),
        ("do_el0_svc", 0x28, 0x40),
        ("el0_svc", 0x38, 0x118),
        ("el0t_64_sync_handler", 0x130, 0x138),
        ("el0t_64_sync", 0x198, 0x1A0),
    ]
    registers = {
        "x18": 0,
        "x19": 0xFFFF0000119B7A80,
        "x20": 0xFFFF0000119B7A78,
        "x21": 0xFFFF000008A2F0C0,
        "x22": 0xF7B19D30,
        "x23": 0x12,
        "x24": 0x12F7B19D30,
        "x25": 0xFFFF0000063A1540,
        "x26": 0x41,
        "x27": 0,
        "x28": 0xFFFF80008A5E3CF8,
        "x29": 0xFFFF80008A5E3B10,
        "sp": 0xFFFF80008A5E3B10,
        "pstate": 0x20400005,
    }
    crash = Crash(
        kind="oops",
        **stamp,
        **_span(oops),
        time=233.660417,
        wall_time=START + 233.660417,
        arch="arm64",
        esr=0x96000410,
        header=("Internal error: synchronous external abort: 0000000096000410 [#1]  SMP",),
        title="synchronous external abort in __d_lookup_rcu",
        type="EXTERNAL_ABORT",
        function="__d_lookup_rcu",
        offset=0x6C,
        size=0x190,
        task="indexer",
        pid=2214,
        uid=998,
        cpu=3,
        kernel="6.12.117-arm64",
        taint=("G", "M"),
        registers=registers,
        hardware="Example Systems R2/MB7, BIOS 2.4 03/11/2026",
        code="eb00029f 540001c0 f9400293 b4000193 (b9400a60)",
        traces=(Trace(heading="Call trace:", frames=tuple(Frame(function=f, offset=o, size=s) for f, o, s in names)),),
        modules=("nls_ascii", "vfat", "fat", "ext4", "mbcache", "jbd2", "virtio_net"),
        complete=True,
        kdump_loaded=True,
    )
    detail = {
        "cache": "dentry",
        "order": 0,
        "head_pfn": 0x519B7,
        "object_address": 0xFFFF0000119B7A40,
        "object_offset": 0x40,
        "path": "/srv/index/segments/000417.seg",
        "superblock": "vda2",
        "filesystem": "ext4",
    }
    facts = PageFacts(
        pfn=0x519B7,
        physical_address=0x519B7000,
        type="slab",
        type_now="slab",
        poisoned=True,
        detail=detail,
        node=1,
        zone="DMA32",
        flags=("hwpoison",),
        evidence=("page_type says slab (PGTY_slab)", "slab_cache points at kmem_cache `dentry`"),
        excluded=True,
        referrers=("x19 and x20 of the crashed task", "d_hash bucket 0x1f7b19"),
    )
    page = PageHistory(
        pfn=0x519B7,
        physical_address=0x519B7A80,
        type="slab",
        type_now="slab",
        type_source="core",
        log_label="get hwpoison page",
        log_result="Ignored",
        poisoned=True,
        open=True,
        recorded=True,
        blamed=True,
        first_seen=41.207113,
        verdict_time=41.231902,
        location=place,
        detail=detail,
        page_shift=12,
        granularity=4096,
        errors=("e1",),
        facts=facts,
        why="page_type and slab_cache of struct page",
    )
    core = CoreFacts(
        path=log,
        format="kdump",
        types="btf",
        arch="arm64",
        kernel="6.12.117-arm64",
        host="store-31",
        crash_time=START + 234,
        page_shift=12,
        pages=(facts,),
        poisoned_count=1,
        sysctls={"panic_on_oops": 1},
        addresses=(AddressFact(via="x19+0x8", address=0xFFFF0000119B7A88, physical_address=0x519B7A88, exact=True),),
    )
    verdict = Verdict(
        cause="memory-error",
        confidence="proven",
        software_excluded=True,
        summary="P1 DIMM_C0 killed this machine. The kernel knew 192.43 s earlier and carried on: it ignored the error, and __d_lookup_rcu() then read the same cache line of a dentry.",
        evidence=(
            Evidence(
                text="the faulting load read 0xffff0000119b7a88 (x19+0x8) = physical 0x519b7a88, inside page 0x519b7 and the very line that firmware reported",
                source=log,
                first_line=708,
                last_line=714,
                addresses=(0xFFFF0000119B7A88, 0x519B7A88),
            ),
            Evidence(
                text="firmware recorded a multi-bit ECC error at 0x519b7a80, a separate event 192.45 s before",
                source=log,
                first_line=611,
                last_line=619,
                addresses=(0x519B7A80,),
            ),
            Evidence(
                text="memory_failure() ignored the page, so it stayed in use", source=log, first_line=620, last_line=621
            ),
            Evidence(
                text="ESR 0x96000410: external abort on a kernel data read, FAR not valid (FnV=1): what consuming poison looks like",
                source=log,
                first_line=702,
                last_line=702,
            ),
            Evidence(text="num_poisoned_pages is 1: no other page is known to be bad"),
        ),
    )
    return Case(
        verdict=verdict,
        crash=crash,
        crashes=(crash,),
        errors=(("e1", error),),
        pages=(page,),
        boot=Boot(
            events=(error, unhandlable, ignored, crash),
            core=core,
            host="store-31",
            boot_id="3f0c9be2-8b60-4c0e-9a0e-5d2f6c1b7a11",
            sources=(
                Source(
                    path=log, kind="core", sha256="5e" * 32, size=71_303_168, host="store-31", format="kdump", lines=733
                ),
            ),
        ),
        links=(
            Link(
                pfn=0x519B7,
                match="line",
                via="x19+0x8",
                address=0xFFFF0000119B7A88,
                translation="core",
                granularity=4096,
                lag_seconds=192.428515,
                exact=True,
            ),
        ),
        counterfactual=(
            Counterfactual(
                policy="v4",
                pfn=0x519B7,
                would_panic="no",
                why="slab took the get-hwpoison path, left out for its races",
            ),
            Counterfactual(
                policy="linux-7.3",
                pfn=0x519B7,
                would_panic="yes",
                at=41.231902,
                lead_seconds=192.428515,
                why="slab is kernel-owned: MF_MSG_KERNEL, Ignored",
            ),
        ),
        actions=(
            Action(
                kind="replace",
                text="Replace P1 DIMM_C0: node 1, card 2, module 0, rank 1, bank 5, row 20931, column 448.",
            ),
            Action(kind="close", text="Close the kernel ticket as hardware."),
            Action(
                kind="sysctl",
                text="On Linux 7.3 or later set vm.panic_on_unrecoverable_memory_failure=1: this crash would have been a clean dump at the error.",
            ),
        ),
    )


# ---------------------------------------------------------------- no crash, and a crash that is no hardware


def no_crash() -> Case:
    """A running host with an open kernel page."""
    log = "console.log"
    rows = _lines(
        88,
        """
Jun 03 04:12:09 db-7 kernel: EDAC MC1: 1 UE memory read error on CPU_SrcID#1_MC#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x1c3f20 offset:0x940 grain:32 -  err_code:0x0101:0x0091)
Jun 03 04:12:09 db-7 kernel: Memory failure: 0x1c3f20: recovery action for reserved kernel page: Ignored""",
    )
    error = HardwareError(
        kind="edac",
        source=log,
        **_span(rows[:1]),
        wall_time=START,
        host="db-7",
        component="memory",
        severity="recoverable",
        what="memory read error",
        page=0x1C3F20,
        page_offset=0x940,
        granularity=32,
        location={"dimm": "CPU_SrcID#1_MC#0_Chan#1_DIMM#0", "channel": 1, "slot": 0},
    )
    ignored = MemoryFailure(
        kind="memory_failure",
        source=log,
        **_span(rows[1:]),
        wall_time=START,
        host="db-7",
        action="verdict",
        pfn=0x1C3F20,
        text="0x1c3f20: recovery action for reserved kernel page: Ignored",
        label="reserved kernel page",
        result="Ignored",
    )
    page = PageHistory(
        pfn=0x1C3F20,
        physical_address=0x1C3F20940,
        type="reserved",
        type_source="log",
        log_label="reserved kernel page",
        log_result="Ignored",
        poisoned=True,
        open=True,
        recorded=True,
        location=error.location,
        errors=("e1",),
        page_shift=12,
        granularity=32,
    )
    return Case(
        verdict=Verdict(
            cause="no-crash",
            confidence="likely",
            summary="This host runs with a bad kernel page. Page 0x1c3f20 is poisoned, was ignored, and the next read of it can kill the machine at any time.",
            evidence=(
                Evidence(
                    text="an uncorrected error in page 0x1c3f20, ignored by memory_failure()",
                    source=log,
                    first_line=88,
                    last_line=89,
                ),
            ),
        ),
        errors=(("e1", error),),
        pages=(page,),
        boot=Boot(
            events=(error, ignored),
            host="db-7",
            sources=(Source(path=log, sha256="a7" * 32, size=102_400, lines=1290, host="db-7", format="syslog"),),
        ),
        counterfactual=(
            Counterfactual(policy="v4", pfn=0x1C3F20, would_panic="yes", why="reserved kernel page, Ignored"),
            Counterfactual(
                policy="linux-7.3", pfn=0x1C3F20, would_panic="yes", why="kernel-owned: MF_MSG_KERNEL, Ignored"
            ),
        ),
        actions=(
            Action(kind="drain", text="Move the work off db-7 now and reboot it."),
            Action(kind="replace", text="Replace CPU_SrcID#1_MC#0_Chan#1_DIMM#0 (channel 1, slot 0)."),
        ),
    )


def software(frames: int = 64) -> Case:
    """A sanitizer report in a complete log; with a long trace of allocation and free."""
    log = "dmesg.txt"
    head = """
[  512.004418] ==================================================================
[  512.004433] BUG: KASAN: slab-use-after-free in sample_timer_fire+0x8f/0x120 [sample_net]
[  512.004441] Read of size 8 at addr ffff88810b3c4a18 by task worker/2/901"""
    body = "\n".join(
        f"[  512.{5000 + i:06d}]  layer_{i}_step+{16 * i + 4:#x}/0x400 [sample_net]" for i in range(frames)
    )
    rows = _lines(
        2040, f"{head}\n{body}\n[  512.019000] =================================================================="
    )
    main = tuple(
        Frame(function=f"layer_{i}_step", offset=16 * i + 4, size=0x400, module="sample_net", reliable=i % 9 != 8)
        for i in range(frames)
    )
    freed = (
        Frame(function="kfree", offset=0x101, size=0x2F0),
        Frame(function="sample_peer_put", offset=0x42, size=0x60, module="sample_net"),
    )
    crash = Crash(
        kind="kasan",
        source=log,
        **_span(rows),
        time=512.004433,
        arch="x86_64",
        header=("BUG: KASAN: slab-use-after-free in sample_timer_fire+0x8f/0x120 [sample_net]",),
        title="KASAN: slab-use-after-free Read in sample_timer_fire",
        type="KASAN-USE-AFTER-FREE-READ",
        function="sample_timer_fire",
        offset=0x8F,
        size=0x120,
        module="sample_net",
        task="worker/2",
        pid=901,
        cpu=2,
        kernel="6.18.4",
        complete=True,
        fault_address=0xFFFF88810B3C4A18,
        traces=(Trace(heading="Call Trace:", frames=main), Trace(heading="Freed by task 877:", frames=freed)),
    )
    return Case(
        verdict=Verdict(
            cause="software",
            confidence="strong",
            summary="A use-after-free in sample_timer_fire() [sample_net], reported by KASAN.",
            evidence=(
                Evidence(
                    text="KASAN names the access, the allocation and the free",
                    source=log,
                    first_line=2041,
                    last_line=2042,
                ),
                Evidence(text="the log is complete and holds no hardware error", source=log),
            ),
        ),
        crash=crash,
        crashes=(crash,),
        boot=Boot(
            events=(crash,), sources=(Source(path=log, sha256="91" * 32, size=310_022, lines=4100, format="printk"),)
        ),
        actions=(
            Action(
                kind="investigate",
                text="Report to the maintainers of sample_net with this trace; search for the title first.",
            ),
        ),
    )


# ---------------------------------------------------------------- several pages, storms


def several_pages() -> Case:
    """Four bad pages; the address picks the second, the latest one was recovered."""
    base = proven()
    log = "crash/vmcore"
    others = []
    errors = list(base.errors)
    pages = list(base.pages)
    for i, (pfn, result, label, kind) in enumerate(
        [
            (0x20C11, "Recovered", "dirty LRU page", "user"),
            (0x51A02, "Ignored", "get hwpoison page", "page-table"),
            (0x60333, "Delayed", "huge page", "hugetlb"),
        ]
    ):
        time = 30.5 + 55 * i
        row = _lines(
            590 + 30 * i if i < 1 else 640 + 9 * i,
            f"[{time:12.6f}] Memory failure: {pfn:#x}: recovery action for {label}: {result}",
        )
        others.append(
            MemoryFailure(
                kind="memory_failure",
                source=log,
                **_span(row),
                time=time,
                wall_time=START + time,
                action="verdict",
                pfn=pfn,
                text=f"{pfn:#x}: recovery action for {label}: {result}",
                label=label,
                result=result,
                host="store-31",
            )
        )
        pages.append(
            PageHistory(
                pfn=pfn,
                physical_address=pfn << 12,
                type=kind,
                type_now=kind,
                type_source="log" if kind == "user" else "core",
                log_label=label,
                log_result=result,
                poisoned=True,
                open=result == "Ignored",
                recorded=True,
                first_seen=time - 0.02,
                verdict_time=time,
                location={"node": 1, "card": 2},
                page_shift=12,
                errors=(f"e{i + 2}",),
            )
        )
        error = HardwareError(
            kind="ghes",
            source=log,
            **_span(row),
            time=time - 0.02,
            component="memory",
            severity="recoverable",
            what="multi-bit ECC",
            physical_address=pfn << 12,
            location={"node": 1, "card": 2},
        )
        errors.append((f"e{i + 2}", error))
    events = tuple(sorted((*base.boot.events, *others, *(e for _, e in errors[1:])), key=lambda e: e.time or 0.0))
    against = (
        Evidence(
            text="three other pages were bad in this boot; page 0x51a02 was ignored too, but no address of the crash lies in it"
        ),
    )
    what_if = (
        *base.counterfactual,
        Counterfactual(
            policy="linux-7.3",
            pfn=0x51A02,
            would_panic="yes",
            at=85.5,
            lead_seconds=148.16,
            why="page tables are kernel-owned",
        ),
        Counterfactual(policy="v4", pfn=0x51A02, would_panic="no", why="page tables took the get-hwpoison path"),
        Counterfactual(policy="linux-7.3", pfn=0x20C11, would_panic="no", why="Recovered"),
    )
    return replace(
        base,
        pages=tuple(pages),
        errors=tuple(errors),
        boot=replace(base.boot, events=events),
        verdict=replace(base.verdict, against=against),
        counterfactual=what_if,
    )


def storm(count: int = 3000) -> Case:
    """A flood of corrected errors around the incident that matters."""
    base = proven()
    flood = []
    for i in range(count):
        time = 42 + i * 0.05
        row = _lines(
            10_000 + i,
            f"[{time:12.6f}] EDAC MC0: 1 CE memory read error on P0 DIMM_A{i % 2} (channel:0 slot:0 page:0x{0x9000 + i:x} offset:0x40 grain:64 syndrome:0x0)",
        )
        flood.append(
            HardwareError(
                kind="edac",
                source="crash/vmcore",
                **_span(row),
                time=time,
                component="memory",
                severity="corrected",
                what="memory read error",
                page=0x9000 + i,
                location={"dimm": f"P0 DIMM_A{i % 2}"},
            )
        )
    errors = (*base.errors, *((f"c{i}", e) for i, e in enumerate(flood)))
    events: tuple[Event, ...] = tuple(sorted((*base.boot.events, *flood), key=lambda e: e.time or 0.0))
    note = Note(
        text="[Hardware Error] messages were suppressed 4 times: there were more corrected errors than the log shows",
        source="crash/vmcore",
    )
    return replace(base, errors=errors, boot=replace(base.boot, events=events), notes=(note,))


# ---------------------------------------------------------------- an attacker's log

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "](http://evil.example/) ![x](http://evil.example/p.png)",
    "| pipe | @somebody #4711 GH-12 `tick` ```\n</details>",
    "\x1b[2J\x1b[31mred\x07\u202eesrever\u2066\u200b\x00",
    "=cmd|' /C calc'!A0",
    "javascript:alert(1)//&#x3c;",
)


def hostile() -> Case:
    """Every field that takes text holds attacks."""
    evil = " ".join(ATTACKS)
    base = proven()
    crash = replace(
        base.crash,
        title=evil,
        task=evil,
        module=evil,
        function=evil,
        hardware=evil,
        kernel=evil,
        source=evil,
        type=evil,
        panic=evil,
        code=evil,
        taint=(evil,),
        modules=(evil,),
        registers={evil: 1, "x19": 2},
        alt_titles=(evil,),
        header=(evil,),
        missing=(evil,),
        detail={"source": (evil,)},
        corrupted=evil,
        lines=((702, evil), (703, ATTACKS[0])),
        traces=(Trace(heading=evil, frames=(Frame(function=evil, module=evil, file=evil, offset=1, size=2),)),),
    )
    error = replace(
        base.errors[0][1],
        what=evil,
        device=evil,
        source=evil,
        location={evil: evil, "dimm": evil},
        mca={evil: evil},
        lines=((611, evil),),
        kind=evil,
    )
    page = replace(
        base.pages[0],
        log_label=evil,
        log_result=evil,
        location={"dimm": evil, evil: evil},
        detail={"cache": evil, "path": evil, evil: evil},
        why=evil,
        facts=replace(base.pages[0].facts, evidence=(evil,), referrers=(evil,), flags=(evil,), zone=evil, memcg=evil),
    )
    finding = Evidence(text=evil, source=evil, first_line=702, last_line=703)
    source = Source(path=evil, sha256="ff" * 32, host=evil, format=evil, boot=evil)
    return Case(
        verdict=replace(base.verdict, summary=evil, evidence=(finding,), against=(finding,), would_raise=(evil,)),
        boot=replace(
            base.boot,
            events=(error, crash),
            host=evil,
            boot_id=evil,
            sources=(source,),
            notes=(Note(text=evil, source=evil),),
            core=None,
        ),
        crash=crash,
        crashes=(crash,),
        errors=((evil, error),),
        pages=(page,),
        links=(replace(base.links[0], via=evil),),
        counterfactual=(replace(base.counterfactual[0], why=evil, if_type={evil: evil}),),
        actions=(Action(kind="close", text=evil),),
        notes=(Note(text=evil),),
    )


def many(count: int) -> list[Case]:
    """Cases of an archive in one document."""
    kinds = [origin(), proven(), no_crash(), software()]
    return [kinds[i % 4] for i in range(count)]


SAMPLES = {
    "origin": [origin()],
    "proven": [proven()],
    "no-crash": [no_crash()],
    "software": [software()],
    "several-pages": [several_pages()],
    "storm": [storm()],
    "hostile": [hostile()],
    "multi": [several_pages(), software(), no_crash()],
}
