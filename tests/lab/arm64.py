"""The arm64 incident from end to end: multi-bit ECC error in a dentry, reported by firmware, consumed a minute later.

A stock kernel, no module of ours. The host is the firmware (firmware.py) and the broken memory: the entry
of the linear map that leads to the page is pointed at no memory at all, so that the load which touches it
takes a genuine synchronous external abort. A kprobe event, removed again, told which dentry each object has.
"""

import math
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import diskdump, dumps, firmware, initramfs, truth
from .cases import Case
from .errors import LabError
from .kernels import KERNELS
from .qemu import Debugger, Guest
from .victims import Victim

RAM_BASE = 0x4000_0000
FIRMWARE = "/usr/share/qemu-efi-aarch64/QEMU_EFI.fd"
COMMAND_LINE = "console=ttyAMA0 oops=panic panic=0 printk.time=1 loglevel=8 lab.control=ttyS0"
CONTROL = ("-device", "pci-serial,chardev=control")
HARDWARE = ("type=0,vendor=LabBIOS,version=2.06", "type=1,manufacturer=LabServers,product=A64-2U")
OBJECTS = 6000
RATE = 20  # objects a second
DELAY = 68.0  # seconds from the report to the load: the incident's 67 and what the poll takes
SETTING_UP = 8.0  # seconds from the choice of a dentry to the report, at the most
NO_MEMORY = 1 << 40  # an output address bit that leads out of everything the board has
LINE = 64
D_NAME_HASH = 0x20  # offset of d_name.hash in struct dentry (include/linux/dcache.h, 6.12)
DENTRY = "dentry=$retval hash=+0x20($retval):x32"


@dataclass(frozen=True)
class Object:
    """One object's dentry: its number in the sweep, its address and its d_name.hash."""

    number: int
    dentry: int
    hash: int


def make(case: Case, folder: Path) -> dict[str, Any]:
    """Run the incident and leave its cores in `folder`; returns its truth."""
    kernel = KERNELS[case.kernel]
    initrd = folder / "initrd"
    initrd.write_bytes(initramfs.acpi_upgrade(firmware.hest()) + initramfs.build(kernel, False).read_bytes())
    for name, size in (("ram", case.memory << 20), ("firmware", firmware.SIZE)):
        (folder / name).touch()
        os.truncate(folder / name, size)
    with Guest(_command(case, kernel.vmlinuz, initrd, folder), folder, CONTROL) as guest:
        guest.shell.answer(120)
        ram, blocks = firmware.Memory(folder / "ram", RAM_BASE), firmware.Memory(folder / "firmware", firmware.BASE)
        victim, death = _incident(guest, case, ram, blocks)
        guest.dump(folder / "vmcore.elf")
        ram.close()
        blocks.close()
    for name in ("ram", "firmware", "initrd"):
        (folder / name).unlink()
    elf = folder / "vmcore.elf"
    dumps.mend_elf(elf)
    kdump = diskdump.write(elf, folder / "vmcore.zlib", "aarch64", {victim.pfn})
    return truth.compose(case, kernel.release, [victim], death, [elf, kdump])


def _command(case: Case, vmlinuz: Path, initrd: Path, folder: Path) -> list[str | Path]:
    """The virt board with UEFI (for ACPI), its RAM a shared file, and a small NVDIMM for firmware's own memory."""
    command: list[str | Path] = ["qemu-system-aarch64", "-accel", "tcg,thread=multi", "-cpu", "neoverse-n1"]
    command += ["-machine", "virt,gic-version=3,nvdimm=on,memory-backend=ram", "-smp", str(case.cpus)]
    command += ["-m", f"{case.memory}M,slots=1,maxmem=1G", "-bios", FIRMWARE]
    for name, size in (("ram", f"{case.memory}M"), ("firmware", str(firmware.SIZE))):
        command += ["-object", f"memory-backend-file,id={name},size={size},mem-path={folder / name},share=on"]
    command += ["-device", "nvdimm,memdev=firmware", "-device", "virtio-rng-pci"]
    for table in HARDWARE:
        command += ["-smbios", table]
    return [*command, "-kernel", vmlinuz, "-initrd", initrd, "-append", COMMAND_LINE]


def _incident(guest: Guest, case: Case, ram: firmware.Memory, blocks: firmware.Memory) -> tuple[Victim, dict[str, str]]:
    """Choose the dentry, break its memory, report it, wait for the load, stop the dead guest in a clean state."""
    shell = guest.shell
    shell.run(f"objectstore make {OBJECTS}", 120)
    objects = _trace_dentries(guest)
    entry_of = _linear_map(guest, ram)
    delay_loop = _symbols(guest, "__delay", "__delay_cycles")
    shell.run(f"objectstore sweep {OBJECTS} {RATE} >/dev/null 2>&1 </dev/null 3<&- &")
    time.sleep(1)
    now = int(shell.run("cat /tmp/objectstore.next"))
    whole_page = case.inject == "ghes-page"
    chosen = choose(objects, guest.serial(), now + int(RATE * (DELAY + SETTING_UP)), whole_page)
    entry = entry_of(chosen.dentry)
    good = ram.word(entry)
    pfn = (good & 0x0000_FFFF_FFFF_F000) >> 12
    touched = chosen.dentry + D_NAME_HASH
    size = 4096 if whole_page else LINE
    physical = (pfn << 12 | touched & 0xFFF) & -size
    record = firmware.memory_error(physical, -size & (1 << 64) - 1, "DIMM_B1")
    if whole_page:
        ram.set_word(entry, good | NO_MEMORY)
        _wait_for_sweep(guest, chosen.number - int(RATE * DELAY))
        firmware.report(blocks, record)
    else:
        debugger = guest.debugger()
        debugger.command(f"Z4,{touched & -LINE:x},{LINE:x}")
        debugger.resume()
        _wait_for_sweep(guest, chosen.number - int(RATE * DELAY))
        firmware.report(blocks, record)
        touched = _break_when_touched(debugger, ram, entry, touched & -LINE)
    guest.wait_serial(r"end Kernel panic", DELAY + 120)
    ram.set_word(entry, good)
    _stop_in_delay_loop(guest, delay_loop)
    victim = Victim("dentry", "slab", pfn, chosen.dentry, chosen.dentry & -4096)
    victim.details = {"cache": "dentry", "aliases": ["dentry"], "path": _path(chosen.number)}
    return victim, _death(guest.serial()) | {"touched": hex(touched), "physical": hex(pfn << 12 | touched & 0xFFF)}


def _trace_dentries(guest: Guest) -> list[Object]:
    """Which dentry each object has: what __d_lookup() returned, in one pass over all of them."""
    tracing = "/sys/kernel/tracing"
    shell = guest.shell
    shell.run(f"mount -t tracefs tracefs {tracing} 2>/dev/null; echo 4096 >{tracing}/buffer_size_kb")
    shell.run(f"echo 'r:lab __d_lookup {DENTRY}' >{tracing}/kprobe_events")
    shell.run(f"""echo 'comm == "objectstore"' >{tracing}/events/kprobes/lab/filter""")
    shell.run(f"echo 1 >{tracing}/events/kprobes/lab/enable")
    shell.run(f"objectstore pass {OBJECTS}", 120)
    shell.run(f"echo 0 >{tracing}/events/kprobes/lab/enable")
    lines = shell.run(f"sed -n 's/.* dentry=\\(0x[0-9a-f]*\\) hash=\\(0x[0-9a-f]*\\).*/\\1 \\2/p' {tracing}/trace", 120)
    shell.run(f"echo >{tracing}/kprobe_events; echo >{tracing}/trace")
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


def _linear_map(guest: Guest, ram: firmware.Memory) -> Any:
    """A function from a linear-map address to the physical address of its level 3 table entry (4 KiB, 48 bits)."""
    symbols = _symbols(guest, "swapper_pg_dir", "_text")
    code = re.search(r"(\w+)-\w+ : Kernel code", guest.shell.run("cat /proc/iomem"))
    if not code:
        raise LabError("/proc/iomem does not name the kernel's code")
    image_offset = symbols["_text"] - int(code.group(1), 16)

    def entry(address: int) -> int:
        table = symbols["swapper_pg_dir"] - image_offset
        for shift in (39, 30, 21):
            word = ram.word(table + (address >> shift & 511) * 8)
            if word & 3 != 3:
                raise LabError(f"{address:#x} is not mapped by pages: {word:#x} at shift {shift}")
            table = word & 0x0000_FFFF_FFFF_F000
        return table + (address >> 12 & 511) * 8

    return entry


def _symbols(guest: Guest, *names: str) -> dict[str, int]:
    wanted = " || ".join(f'$3 == "{name}"' for name in names)
    lines = guest.shell.run(f"awk '{wanted} {{ print $1, $3 }}' /proc/kallsyms").splitlines()
    return {name: int(address, 16) for address, name in map(str.split, lines)}


def _wait_for_sweep(guest: Guest, number: int) -> None:
    """Wait until the sweep has come to an object."""
    while int(guest.shell.run("cat /tmp/objectstore.next")) < number:
        time.sleep(0.05)


def _break_when_touched(debugger: Debugger, ram: firmware.Memory, entry: int, line: int) -> int:
    """The first load from the line finds the memory gone; returns the address it went to.

    On arm64 QEMU's watchpoint stops before the access, and its removal flushes the page from the TLB.
    """
    _, touched = debugger.wait_for_stop(DELAY + 60)
    ram.set_word(entry, ram.word(entry) | NO_MEMORY)
    debugger.command(f"z4,{line:x},{LINE:x}")
    debugger.detach()
    return touched


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


def _path(number: int) -> str:
    """The name that guest/objectstore.c gives an object."""
    return f"/srv/objects/{(number + 1) * 2654435761 & 0xFFFFFFFF:08x}-{number:05d}"


def _death(console: str) -> dict[str, str]:
    """What the console tells: the function and the seconds between the report's verdict and the abort."""
    patterns = {
        "function": r"pc : ([\w.]+)\+0x",
        "panic": r"Kernel panic - not syncing: (.*)",
        "error": r"Internal error: (.*)",
        "verdict_at": r"\[ *([\d.]+)\].*recovery action for",
        "died_at": r"\[ *([\d.]+)\].*Internal error",
    }
    return {name: found.group(1) for name, pattern in patterns.items() if (found := re.search(pattern, console))}
