"""Lines of kernel logs in the kernel's own formats, with values of a fleet that never was."""

from __future__ import annotations

import random
import zlib
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.fleetgen import Boot, Host

Line = tuple[float, str]  # printk seconds, message
CALLERS = {
    "ext4_readdir": ("iterate_dir", "__x64_sys_getdents64"),
    "tcp_ack": ("tcp_rcv_established", "tcp_v4_do_rcv", "tcp_v4_rcv"),
    "d_lookup": ("__lookup_slow", "walk_component", "path_lookupat", "filename_lookup"),
    "kmem_cache_alloc": ("alloc_empty_file", "path_openat", "do_filp_open"),
    "xfs_iget": ("xfs_lookup", "xfs_vn_lookup", "path_openat"),
}
REGISTERS = ("RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "R08", "R09", "R10", "R11", "R12", "R13", "R14", "R15")
EVERYDAY = (
    "systemd[1]: Started Session {n} of user backup.",
    "eth0: Link is Up - 25Gbps/Full - flow control rx/tx",
    'audit: type=1400 apparmor="STATUS" operation="profile_load" pid={n}',
    "nfs: server filer{n} OK",
    "device veth{n} entered promiscuous mode",
)


def module(number: int) -> str:
    """The EDAC label of a module."""
    return f"CPU_SrcID#{number // 4}_MC#{number // 2 % 2}_Chan#{number % 2}_DIMM#0"


def cells(mode: str, count: int, dice: random.Random) -> list[tuple[int, int, int]]:
    """(bank, row, column) of errors of one fault mode; two at least differ in what the mode leaves free."""
    bank, row, column = dice.randrange(16), dice.randrange(1 << 16), dice.randrange(1 << 10)
    made = []
    for number in range(count):
        other_row, other_column = (row + 37 * number) % (1 << 16), (column + 8 * number) % (1 << 10)
        made.append({
            "cell": (bank, row, column),
            "row": (bank, row, other_column),
            "column": (bank, other_row, column),
            "bank": (bank, other_row, other_column),
            "device": ((bank + number) % 16, other_row, other_column),
        }[mode])  # fmt: skip
    return made


def place(cell: tuple[int, int, int]) -> str:
    """The driver's own words for a cell."""
    bank, row, column = cell
    cells = f"Row:{row:#x} Column:{column:#x} Bank:{bank & 3:#x} BankGroup:{bank >> 2:#x}"
    return f"err_code:0x0101:0x0090 ProcessorSocketId:0x0 MemoryControllerId:0x0 PhysicalRankId:0x0 {cells}"


def corrected(time: float, host: Host, cell: tuple[int, int, int]) -> Line:
    """One corrected error."""
    page = 0x100000 + (zlib.crc32(repr((host.name, cell)).encode()) & 0xFFFFFF)
    return time, (
        f"EDAC MC0: 1 CE memory read error on {host.weak} (channel:0 slot:0 "
        f"page:{page:#x} offset:0x40 grain:32 syndrome:0x0 -  {place(cell)})"
    )


def uncorrected(time: float, host: Host, pfn: int, label: str, result: str) -> list[Line]:
    """One uncorrected error, and what memory_failure() did."""
    lines = [
        (
            time,
            f"EDAC MC0: 1 UE memory read error on {host.weak} (channel:0 slot:0 "
            f"page:{pfn:#x} offset:0x240 grain:32 -  recoverable {place((1, 2, 3))})",
        )
    ]
    if label == "get hwpoison page":
        lines.append((time + 0.0002, f"Memory failure: {pfn:#x}: unhandlable page."))
    return [*lines, (time + 0.0003, f"Memory failure: {pfn:#x}: recovery action for {label}: {result}")]


def answers(label: str, result: str, kernel: str) -> dict[str, str]:
    """What each policy of the sysctl would have done, by the label alone."""
    if label == "high-order kernel page" and kernel.startswith("5.10"):  # there any compound page may be meant
        return {"v4": "depends", "linux-7.3": "depends"}
    if result != "Ignored":
        return {"v4": "no", "linux-7.3": "no"}
    return {
        "reserved kernel page": {"v4": "yes", "linux-7.3": "yes"},
        "high-order kernel page": {"v4": "yes", "linux-7.3": "no"},
        "kernel slab page": {"v4": "no", "linux-7.3": "yes"},
        "get hwpoison page": {"v4": "depends", "linux-7.3": "depends"},
    }[label]


def crash(time: float, host: Host, site: str, dice: random.Random, *, abort: bool) -> list[Line]:
    """An oops at a site, and the panic that follows."""
    bodies = arm64(host, site, dice, abort) if host.arch == "arm64" else x86(host, site, dice)
    return [(time + 0.00001 * n, body) for n, body in enumerate(bodies)]


def x86(host: Host, site: str, dice: random.Random) -> list[str]:
    cpu, pid = dice.randrange(64), dice.randrange(300, 60000)
    words = iter([f"{name}: {dice.getrandbits(64) | 0xFFFF000000000000:016x}" for name in REGISTERS] + [""])
    registers = [" ".join(w for w in trio if w) for trio in zip(words, words, words, strict=False)]
    return [
        f"general protection fault, probably for non-canonical address {dice.getrandbits(60):#x}: 0000 [#1] SMP NOPTI",
        f"CPU: {cpu} PID: {pid} Comm: worker{pid % 7} Not tainted {host.kernel} #1",
        f"Hardware name: {host.model}/0{host.model[:3].upper()}, BIOS 2.1.{pid % 5} 03/04/2025",
        f"RIP: 0010:{site}+{dice.randrange(16, 400):#x}/0x4a0",
        "Code: 48 8b 04 25 28 00 00 00 48 89 44 24 18 31 c0 48 85 ff 74 2f <48> 8b 07 48 8b 40 30 48 85 c0 74 23",
        f"RSP: 0018:{0xFFFFC90000000000 + dice.getrandbits(36):016x} EFLAGS: 00010246",
        *registers,
        "Call Trace:",
        " <TASK>",
        *(f" {caller}+{dice.randrange(16, 200):#x}/0x2d0" for caller in CALLERS[site]),
        " do_syscall_64+0x5d/0x90",
        " entry_SYSCALL_64_after_hwframe+0x6e/0xd8",
        " </TASK>",
        "Modules linked in: xfs ext4 mlx5_core nvme",
        "---[ end trace 0000000000000000 ]---",
        "Kernel panic - not syncing: Fatal exception",
        "---[ end Kernel panic - not syncing: Fatal exception ]---",
    ]


def arm64(host: Host, site: str, dice: random.Random, abort: bool) -> list[str]:
    cpu, pid = dice.randrange(64), dice.randrange(300, 60000)
    address = 0xFFFF000000000000 | dice.getrandbits(38)
    head = (
        ["Internal error: synchronous external abort: 0000000096000410 [#1] SMP"]
        if abort
        else [
            f"Unable to handle kernel paging request at virtual address {address:016x}",
            "Mem abort info:",
            "  ESR = 0x0000000096000004",
            "  EC = 0x25: DABT (current EL), IL = 32 bits",
            "Internal error: Oops: 0000000096000004 [#1] SMP",
        ]
    )
    registers = [f"x{n} : {dice.getrandbits(48) | 0xFFFF000000000000:016x}" for n in range(29, -1, -1)]
    return [
        *head,
        "Modules linked in: xfs ext4 mlx5_core nvme",
        f"CPU: {cpu} PID: {pid} Comm: worker{pid % 7} Not tainted {host.kernel} #1",
        f"Hardware name: {host.model}/0{host.model[:3].upper()}, BIOS 2.1.{pid % 5} 03/04/2025",
        "pstate: 60400009 (nZCv daif +PAN -UAO -TCO -DIT -SSBS BTYPE=--)",
        f"pc : {site}+{dice.randrange(16, 400):#x}/0x4a0",
        f"lr : {CALLERS[site][0]}+0x44/0x1a0",
        f"sp : {0xFFFF800000000000 + dice.getrandbits(36):016x}",
        *(" ".join(registers[n : n + 3]) for n in range(0, 30, 3)),
        "Call trace:",
        f" {site}+0x5c/0x4a0",
        *(f" {caller}+{dice.randrange(16, 200):#x}/0x2d0" for caller in CALLERS[site]),
        " el0_svc+0x30/0xd0",
        "Code: f9400c00 b4000060 f9400001 eb01001f (f9400821) ",
        "---[ end trace 0000000000000000 ]---",
        "Kernel panic - not syncing: Oops: Fatal exception",
        "---[ end Kernel panic - not syncing: Oops: Fatal exception ]---",
    ]


def everyday(end: float, size: int, dice: random.Random) -> list[Line]:
    """So many bytes of lines that mean nothing, up to the end of the boot."""
    made: list[Line] = []
    count = size // 90
    for number in range(count):
        made.append((end * number / count, EVERYDAY[number % len(EVERYDAY)].format(n=dice.randrange(10000))))
    return made


def ordered(boot: Boot) -> list[Line]:
    """All lines of a boot by time, with the banner in front and a last word at its end."""
    if boot.lost:
        return sorted(boot.lines)
    banner = (0.0, f"Linux version {boot.host.kernel} (build@factory) (gcc 14.2.0) #1 SMP")
    last = [] if boot.crash is not None else [(boot.end, "systemd-shutdown[1]: Syncing filesystems and block devices.")]
    return [banner, *sorted(boot.lines), *last]


def syslog(boot: Boot) -> str:
    """As rsyslog writes it, with wall clock and host."""
    host, began = boot.host.name, boot.began
    return "".join(
        f"{(began + timedelta(seconds=time)).isoformat(timespec='microseconds')} {host} kernel: [{time:12.6f}] {body}\n"
        for time, body in ordered(boot)
    )


def dmesg(boot: Boot) -> str:
    """As makedumpfile takes it out of a core."""
    return "".join(f"[{time:12.6f}] {body}\n" for time, body in ordered(boot))
