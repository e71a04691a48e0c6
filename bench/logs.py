"""Writes the logs that the benchmarks read: sparse (mostly nothing of note) and dense (one event after another)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from triage.logs.grammar import kinds

CHATTER = (
    "usb 1-{a}: new high-speed USB device number {b} using xhci_hcd",
    "systemd[1]: Started Session {b} of User root.",
    "audit: type=1400 audit({t}:{b}): apparmor=\"STATUS\" operation=\"profile_load\" name=\"unit-{a}\" pid={b}",
    "EXT4-fs (nvme0n1p{a}): mounted filesystem with ordered data mode. Quota mode: none.",
    "IPv6: ADDRCONF(NETDEV_CHANGE): veth{b:x}: link becomes ready",
    "br-lan: port {a}(eth{a}) entered forwarding state",
    "pci 0000:0{a}:00.0: BAR 0: assigned [mem 0x{b:08x}-0x{b:08x} 64bit pref]",
    "device eth{a} entered promiscuous mode",
)  # fmt: skip

RECORD = """{{{n}}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 1
{{{n}}}[Hardware Error]: event severity: recoverable
{{{n}}}[Hardware Error]:  Error 0, type: recoverable
{{{n}}}[Hardware Error]:   section_type: memory error
{{{n}}}[Hardware Error]:    error_status: Storage error in DRAM memory (0x0000000000000400)
{{{n}}}[Hardware Error]:   physical_address: 0x{pa:016x}
{{{n}}}[Hardware Error]:   node:0 card:1 module:0 rank:1 bank:2 device:0 row:{row} column:960\x20
{{{n}}}[Hardware Error]:   error_type: 3, multi-bit ECC
{{{n}}}[Hardware Error]:   DIMM location: not present. DMI handle: 0x0011\x20
Memory failure: {pfn:#x}: unhandlable page.
Memory failure: {pfn:#x}: recovery action for get hwpoison page: Ignored"""

OOPS = """BUG: unable to handle page fault for address: ffff8881{n:08x}
#PF: supervisor read access in kernel mode
#PF: error_code(0x0000) - not-present page
PGD 100000067 P4D 100000067 PUD 0
Oops: Oops: 0000 [#1] PREEMPT SMP NOPTI
CPU: 3 UID: 0 PID: {pid} Comm: worker/{row} Not tainted 6.12.0 #1
Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.2-1 04/01/2014
RIP: 0010:bench_lookup_{row}+0x5c/0x220
Code: 48 89 e5 41 57 41 56 41 55 41 54 53 <8b> 07 5d c3 0f 1f 44 00 00
RSP: 0018:ffffc90000013e50 EFLAGS: 00010246
RAX: 0000000000000000 RBX: ffff888100000000 RCX: 0000000000000000
RDX: 0000000000000000 RSI: 0000000000000000 RDI: 0000000000000000
RBP: ffffc90000013e78 R08: 0000000000000000 R09: 0000000000000000
R10: 0000000000000000 R11: 0000000000000000 R12: ffff888100000000
R13: 0000000000000000 R14: 0000000000000000 R15: 0000000000000000
FS:  00007f0000000000(0000) GS:ffff888237c00000(0000) knlGS:0000000000000000
CS:  0010 DS: 0000 ES: 0000 CR0: 0000000080050033
CR2: ffff8881{n:08x} CR3: 0000000104a0c000 CR4: 0000000000350ef0
Call Trace:
 <TASK>
 bench_lookup_{row}+0x5c/0x220
 lookup_dcache+0x1c/0x80
 filename_create+0xc0/0x1b0
 do_mkdirat+0x5c/0x180
 __x64_sys_mkdir+0x48/0x70
 do_syscall_64+0x5f/0x90
 entry_SYSCALL_64_after_hwframe+0x6e/0xd8
 </TASK>
Modules linked in: ext4 nvme
CR2: ffff8881{n:08x}
---[ end trace 0000000000000000 ]---"""

CE = (
    "EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (channel:1 slot:0 page:{pfn:#x} offset:0x5080 "
    "grain:32 syndrome:0x0 -  area:DRAM err_code:0001:0091 socket:0 ha:0 channel_mask:2 rank:1)"
)


def timed(lines: Iterator[str], start: float = 0.0, step: float = 0.001) -> Iterator[str]:
    """Lines with printk times."""
    for number, line in enumerate(lines):
        yield f"[{start + number * step:12.6f}] {line}\n"


def chatter(count: int) -> Iterator[str]:
    for n in range(count):
        yield CHATTER[n % len(CHATTER)].format(a=n % 9, b=n % 65521, t=1763863907 + n)


def records(template: str, count: int) -> Iterator[str]:
    for n in range(1, count + 1):
        yield from template.format(
            n=n, pa=0x2F000000 + n * 4096, pfn=0x2F000 + n, row=n % 8192, pid=1000 + n % 30000
        ).split("\n")


def write_sparse(path: Path, size: int, every: int = 32 << 20) -> None:
    """A console log of `size` bytes with one APEI record in every `every` bytes."""
    block = "".join(timed(chatter(100_000))).encode()
    block = block * (every // len(block) + 1)
    event = "".join(timed(records(RECORD, 1), 100.0)).encode()
    with path.open("wb") as out:
        while out.tell() < size:
            out.write(block[: block.rfind(b"\n", 0, every) + 1])
            out.write(event)


def hostile(rounds: int) -> Iterator[str]:
    """Behind every anchor what patterns like least: lines as long as are read, of one thing over and over."""
    anchors = sorted({anchor.decode() for kind in kinds().values() for anchor in kind.ANCHORS})
    units = (" ", "a", "a ", "0x1 ", "(", ": ", "[<0>] ", "+0x1/0x2 ", "9", " on ")
    for n in range(rounds):
        for anchor in anchors:
            yield (anchor + units[n % len(units)] * 4096)[:4000]


def write_lines(path: Path, lines: Iterator[str]) -> None:
    with path.open("w") as out:
        out.writelines(lines)


def write_dmesg(path: Path, size: int = 1 << 20) -> None:
    """A boot log of about `size` bytes that ends in an error, an ignored page and an oops."""
    body = list(timed(chatter(size // 95)))
    tail = list(timed(records(RECORD, 1), 900.0)) + list(timed(records(OOPS, 1), 960.0, 0.00001))
    path.write_text("".join(body + tail))


def main() -> None:
    """`python -m bench.logs sparse|dmesg|hostile|RECORD|OOPS|CE PATH SIZE`: SIZE in bytes, rounds or records."""
    what, path, size = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    if what == "sparse":
        write_sparse(path, size)
    elif what == "dmesg":
        write_dmesg(path, size)
    elif what == "hostile":
        write_lines(path, timed(hostile(size)))
    else:
        write_lines(path, timed(records(globals()[what], size)))


if __name__ == "__main__":
    main()
