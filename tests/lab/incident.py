"""The host's part in the arm64 incident: choose a dentry, break its memory, report it, wait for the load."""

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from . import capture, firmware
from .cases import Case
from .errors import LabError
from .gdbstub import Debugger
from .qemu import Guest
from .victims import Victim

OBJECTS = 6000
RATE = 20  # objects a second
DELAY = 68.0  # seconds from the report to the load: the incident's 67 and what the poll takes
SETTING_UP = 8.0  # seconds from the choice of a dentry to the report, at the most
NO_MEMORY = 1 << 40  # an output address bit that leads out of everything the board has
OUTPUT_ADDRESS = 0x0000_FFFF_FFFF_F000
LINE = 64
D_NAME_HASH = 0x20  # offset of d_name.hash in struct dentry (include/linux/dcache.h, 6.12)
DENTRY = "dentry=$retval hash=+0x20($retval):x32"
TRACING = "/sys/kernel/tracing"


@dataclass(frozen=True)
class Object:
    """One object's dentry: its number in the sweep, its address and its d_name.hash."""

    number: int
    dentry: int
    hash: int

    @property
    def path(self) -> str:
        """The name that guest/objectstore.c gives it."""
        return f"/srv/objects/{(self.number + 1) * 2654435761 & 0xFFFFFFFF:08x}-{self.number:05d}"


@dataclass(frozen=True)
class BadMemory:
    """What is broken: `size` bytes at `address` (virtual), reached through the table entry at physical `entry`."""

    address: int
    size: int
    entry: int
    ram: firmware.Memory

    @property
    def pfn(self) -> int:
        """The page frame that the entry leads to."""
        return (self.ram.word(self.entry) & OUTPUT_ADDRESS & ~NO_MEMORY) >> 12

    @property
    def physical(self) -> int:
        """The physical address that firmware reports."""
        return self.pfn << 12 | self.address & 0xFFF

    def lose(self) -> None:
        """From now on the page is not there."""
        self.ram.set_word(self.entry, self.ram.word(self.entry) | NO_MEMORY)

    def mend(self) -> None:
        """Put it back, for the dump."""
        self.ram.set_word(self.entry, self.ram.word(self.entry) & ~NO_MEMORY)


def play(guest: Guest, case: Case, ram: firmware.Memory, blocks: firmware.Memory) -> tuple[Victim, dict[str, str]]:
    """The incident; returns the page and what is known of the death. The guest is left dead and whole."""
    guest.shell.run(f"objectstore make {OBJECTS}", 120)
    objects = _trace_dentries(guest)
    entry_of = _linear_map(guest, ram)
    delay_loop = _symbols(guest, "__delay", "__delay_cycles")
    guest.shell.run(f"objectstore sweep {OBJECTS} {RATE} >/dev/null 2>&1 </dev/null 3<&- &")
    time.sleep(1)
    size = 4096 if case.inject == "ghes-page" else LINE
    chosen = choose(objects, guest.serial(), _sweep(guest) + int(RATE * (DELAY + SETTING_UP)), size > LINE)
    bad = BadMemory(chosen.dentry + D_NAME_HASH & -size, size, entry_of(chosen.dentry), ram)
    touched = _break(guest, bad, blocks, chosen)
    guest.wait_serial(r"Internal error", DELAY + 120)
    bad.mend()
    if case.kdump:
        capture.wait(guest)
    else:
        guest.wait_serial(r"end Kernel panic", 60)
        _stop_in_delay_loop(guest, delay_loop)
    details: dict[str, str | list[str]] = {"cache": "dentry", "aliases": ["dentry"], "path": chosen.path}
    victim = Victim("dentry", "slab", bad.pfn, chosen.dentry, chosen.dentry & -4096, details)
    where = {"touched": hex(touched), "physical": hex(bad.pfn << 12 | touched & 0xFFF)}
    return victim, _death(guest.serial()) | where | {"reported": hex(bad.physical), "reported_bytes": str(size)}


def _break(guest: Guest, bad: BadMemory, blocks: firmware.Memory, chosen: Object) -> int:
    """Break and report the memory DELAY seconds before its first use; returns the address first touched.

    A page is lost at once. A line is lost when it is touched: on arm64 QEMU's watchpoint stops before the
    access, and its removal flushes the page from the TLB.
    """
    record = firmware.memory_error(bad.physical, -bad.size & (1 << 64) - 1, "DIMM_B1")
    watch = _watch(guest, bad) if bad.size == LINE else None
    if not watch:
        bad.lose()
    while _sweep(guest) < chosen.number - int(RATE * DELAY):
        time.sleep(0.05)
    firmware.report(blocks, record)
    if not watch:
        return chosen.dentry + D_NAME_HASH
    _, touched = watch.wait_for_stop(DELAY + 60)
    bad.lose()
    watch.command(f"z4,{bad.address:x},{bad.size:x}")
    watch.detach()
    return touched


def _watch(guest: Guest, bad: BadMemory) -> Debugger:
    debugger = guest.debugger()
    debugger.command(f"Z4,{bad.address:x},{bad.size:x}")
    debugger.resume()
    return debugger


def _sweep(guest: Guest) -> int:
    """The object that the sweep has come to."""
    return int(guest.shell.run("cat /tmp/objectstore.next"))


def _trace_dentries(guest: Guest) -> list[Object]:
    """Which dentry each object has: what __d_lookup() returned, in one pass over all of them.

    A kprobe event, removed again: it leaves no taint and no line in the log.
    """
    shell, event = guest.shell, f"{TRACING}/events/kprobes/lab"
    shell.run(f"mount -t tracefs tracefs {TRACING} 2>/dev/null; echo 4096 >{TRACING}/buffer_size_kb")
    shell.run(f"echo 'r:lab __d_lookup {DENTRY}' >{TRACING}/kprobe_events")
    shell.run(f"""echo 'comm == "objectstore"' >{event}/filter; echo 1 >{event}/enable""")
    shell.run(f"objectstore pass {OBJECTS}", 120)
    shell.run(f"echo 0 >{event}/enable")
    fields = r"s/.* dentry=\(0x[0-9a-f]*\) hash=\(0x[0-9a-f]*\).*/\1 \2/p"
    lines = shell.run(f"sed -n '{fields}' {TRACING}/trace", 120)
    shell.run(f"echo >{TRACING}/kprobe_events; echo >{TRACING}/trace")
    pairs = [line.split() for line in lines.splitlines() if not line.startswith("0x0 ")]
    if len(pairs) != OBJECTS:
        raise LabError(f"{len(pairs)} lookups were traced, not {OBJECTS}")
    return [Object(number, int(dentry, 16), int(value, 16)) for number, (dentry, value) in enumerate(pairs)]


def choose(objects: list[Object], console: str, earliest: int, whole_page: bool) -> Object:
    """An object at or after `earliest` in the sweep whose memory no lookup before it can touch.

    A lookup walks the hash chain of its bucket and reads the d_name.hash of each dentry on the way.
    """
    found = re.search(r"Dentry cache hash table entries: (\d+)", console)
    if not found:
        raise LabError("the console does not tell the size of the dentry hash table")
    shift = 32 - int(math.log2(int(found.group(1))))
    in_bucket: dict[int, list[Object]] = {}
    on_page: dict[int, list[Object]] = {}
    for each in objects:
        in_bucket.setdefault(each.hash >> shift, []).append(each)
        on_page.setdefault(each.dentry & -4096, []).append(each)
    for each in objects[earliest:]:
        same_memory = on_page[each.dentry & -4096] if whole_page else [each]
        touching = {other.number for one in same_memory for other in in_bucket[one.hash >> shift]}
        if min(touching) == each.number:
            return each
    raise LabError("no dentry of the sweep is safe from earlier lookups")


def _linear_map(guest: Guest, ram: firmware.Memory) -> Callable[[int], int]:
    """A function from a linear-map address to the physical address of its level 3 table entry (4 KiB, 48 bits)."""
    symbols = _symbols(guest, "swapper_pg_dir", "_text")
    code = re.search(r"(\w+)-\w+ : Kernel code", guest.shell.run("cat /proc/iomem"))
    if not code:
        raise LabError("/proc/iomem does not name the kernel's code")
    root = symbols["swapper_pg_dir"] - symbols["_text"] + int(code.group(1), 16)

    def entry(address: int) -> int:
        table = root
        for shift in (39, 30, 21):
            word = ram.word(table + (address >> shift & 511) * 8)
            if word & 3 != 3:
                raise LabError(f"{address:#x} is not mapped by pages: {word:#x} at shift {shift}")
            table = word & OUTPUT_ADDRESS
        return table + (address >> 12 & 511) * 8

    return entry


def _symbols(guest: Guest, *names: str) -> dict[str, int]:
    wanted = " || ".join(f'$3 == "{name}"' for name in names)
    lines = guest.shell.run(f"awk '{wanted} {{ print $1, $3 }}' /proc/kallsyms").splitlines()
    return {name: int(address, 16) for address, name in map(str.split, lines)}


def _stop_in_delay_loop(guest: Guest, delay_loop: dict[str, int]) -> None:
    """Stop while the panicked CPU is in panic()'s delay loop and not in an interrupt: its stack is then plain."""
    low = min(delay_loop.values())
    for _ in range(200):
        guest.monitor("stop")
        counters = re.findall(r"PC=([0-9a-f]+)", guest.monitor.human("info registers -a"))
        if any(low <= int(counter, 16) < low + 0x200 for counter in counters):
            return
        guest.monitor("cont")
        time.sleep(0.03)
    raise LabError("the panicked CPU was never seen in its delay loop")


def _death(console: str) -> dict[str, str]:
    """What the console tells: the function, and the kernel's times of the verdict and of the abort."""
    patterns = {
        "function": r"pc : ([\w.]+)\+0x",
        "panic": r"Kernel panic - not syncing: (.*)",
        "error": r"Internal error: (.*)",
        "verdict_at": r"\[ *([\d.]+)\].*recovery action for",
        "died_at": r"\[ *([\d.]+)\].*Internal error",
    }
    return {name: found.group(1) for name, pattern in patterns.items() if (found := re.search(pattern, console))}
