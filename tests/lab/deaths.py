"""How a guest is poisoned and how it dies. Add a way to die here: one entry of DEATHS."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import capture
from .cases import Case
from .errors import LabError
from .qemu import Guest
from .victims import NAME_COUNT, NAMES, Victim, guilty


@dataclass(frozen=True)
class Record:
    """A machine check as the monitor's `mce` takes it: bank, MCi_STATUS, MCG_STATUS, MCi_MISC."""

    bank: int
    status: int
    mcg_status: int
    misc: int


# Intel SDM 3B, 16.9: memory scrub 0x00C0 is "software recoverable action optional", data load 0x0134 "required".
# MISC: address mode 2, physical; least significant bit 6, a cache line.
SCRUB = Record(9, 0xBD00_0000_0000_00C0, 0x5, 0x86)
DATA_LOAD = Record(9, 0xBD80_0000_0000_0134, 0x7, 0x86)
# AMD APM 2, 9.3: banks of a machine without scalable MCA. The load-store unit reports a data load (0x0135) of
# poisoned data (bit 43); the northbridge, bank 4, corrected ECC errors (bit 46, extended code 8) of DRAM.
AMD_LOAD = Record(0, 0xB400_0800_0000_0135, 0x7, 0)
AMD_CORRECTED = Record(4, 0x9400_4000_0008_0A13, 0, 0)
LINE = 64
HEALTHY = 0x5_0040  # of which a corrected error tells
# reports of one page within about a second are one event to a careful reader: keep events apart
APART = 2.5
RIP = 16  # its number in GDB's description of x86-64
DEAD = r"---\[ end Kernel panic|Kernel Offset: 0x|Rebooting in \d"


def machine_check(guest: Guest, broadcast: bool, cpu: int, record: Record, address: int) -> None:
    """Raise a machine check on one CPU, or on all of them, as Intel machines broadcast it."""
    registers = f"{record.bank} {record.status:#x} {record.mcg_status:#x} {address:#x} {record.misc:#x}"
    guest.monitor.human(f"mce {'-b ' if broadcast else ''}{cpu} {registers}")


def poison(guest: Guest, case: Case, victim: Victim) -> None:
    """Poison the victim's page and wait for the kernel's verdict on it."""
    if case.inject == "none":
        return
    inject(guest, case, victim)
    guest.wait_serial(rf"Memory failure: {victim.pfn:#x}: recovery action for", 30)
    time.sleep(0.3)
    if case.inject == "mce":
        time.sleep(APART)
    else:
        _drain(guest)
    victim.flags_after = guest.shell.run(f"labtool flags {victim.pfn:#x}")


def correct(guest: Guest) -> None:
    """Leave a corrected error in an AMD bank and have the kernel poll its banks: nothing comes of it."""
    # writing the interval looks at the banks once as at boot, and what they tell early is left from the boot before
    guest.shell.run("echo 1 >/sys/devices/system/machinecheck/machinecheck0/check_interval; sleep 30")
    machine_check(guest, False, 0, AMD_CORRECTED, HEALTHY)
    guest.wait_serial(r"Machine Check: 0 Bank 4:", 30)
    time.sleep(APART)


def inject(guest: Guest, case: Case, victim: Victim) -> None:
    """Poison the page in the case's way without waiting: with the sysctl set this may be the end."""
    if case.inject == "mce":
        machine_check(guest, case.broadcasts, 0, SCRUB, victim.line)
    elif case.inject == "hard":
        guest.shell.send(f"echo {victim.pfn << victim.shift:#x} >/sys/devices/system/memory/hard_offline_page")
    else:
        guest.shell.send(f"echo {victim.pfn:#x} >/sys/kernel/debug/hwpoison/corrupt-pfn")


def _drain(guest: Guest) -> None:
    """Take the injecting write's answer; EBUSY is the normal one for pages the kernel cannot handle."""
    try:
        guest.shell.answer()
    except LabError as error:
        if "Device or resource busy" not in str(error):
            raise


def _sysrq(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    guest.shell.send("echo c >/proc/sysrq-trigger")
    return {"function": "sysrq_handle_crash"}


def _scribble(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    """Overwrite the page, then look all the names up: some lookup follows a pointer of it."""
    guest.shell.run(f"echo 'scribble {guilty(victims).pfn:#x}' >/proc/crashlab")
    guest.shell.send(f"labtool lookup {NAMES} {NAME_COUNT}")
    return {}


def _consume(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    """The CPU that touches the bad line takes a machine check for that very load, as with real poison."""
    victim = guilty(victims)
    line = (victim.page or 0) | victim.line & 0xFC0
    symbols = _lookup_symbols(guest)
    debugger = guest.debugger()
    debugger.command(f"Z4,{line:x},{LINE:x}")
    debugger.resume()
    time.sleep(0.3)
    guest.shell.send(f"labtool lookup {NAMES} {NAME_COUNT}")
    cpu, touched = debugger.wait_for_stop(60)
    debugger.command(f"Hg{cpu + 1:x}")
    rip = debugger.register(RIP)
    machine_check(guest, case.broadcasts, cpu, AMD_LOAD if case.amd else DATA_LOAD, victim.line | touched & (LINE - 1))
    debugger.command(f"z4,{line:x},{LINE:x}")
    debugger.detach()
    known = {"cpu": str(cpu), "rip": hex(rip), "touched": hex(touched), "physical": hex(victim.line)}
    for name, (start, end) in symbols.items():
        if start <= rip < end:
            known["function"] = name
    return known


def _lookup_symbols(guest: Guest) -> dict[str, tuple[int, int]]:
    """The functions that walk hash chains: start, and the start of what follows.

    With a capture kernel loaded the record that names the function never reaches the console.
    """
    ranges = {}
    for name in ("__d_lookup", "__d_lookup_rcu", "__d_lookup_rcu_op_compare"):
        lines = guest.shell.run(f"grep -A1 ' {name}$' /proc/kallsyms || true").splitlines()
        if len(lines) == 2:
            ranges[name] = (int(lines[0].split()[0], 16), int(lines[1].split()[0], 16))
    return ranges


def _bug(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    guest.shell.send("echo bug >/proc/crashlab")
    return {"function": "crashlab_bug"}


def _oom(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    guest.shell.run("echo 2 >/proc/sys/vm/panic_on_oom")
    guest.shell.send("tail /dev/zero")
    return {}


def _nmi(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    guest.shell.run("echo 1 >/proc/sys/kernel/unknown_nmi_panic")
    guest.monitor("inject-nmi")
    return {}


def _sysctl(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    """The verdict itself is the end: vm.panic_on_unrecoverable_memory_failure=1."""
    inject(guest, case, guilty(victims))
    return {}


DEATHS: dict[str, Callable[[Guest, Case, Sequence[Victim]], dict[str, str]]] = {
    "sysrq": _sysrq,
    "scribble": _scribble,
    "consume": _consume,
    "bug": _bug,
    "oom": _oom,
    "nmi": _nmi,
    "sysctl": _sysctl,
}
# those that end in a fault, in a function that a right analysis names
FAULTS = {"scribble", "consume", "bug", "sea"}


def die(guest: Guest, case: Case, victims: Sequence[Victim]) -> dict[str, str]:
    """Kill the guest; what is known of the crash: function, and for a consumed page CPU, rip and address."""
    known = DEATHS[case.death](guest, case, victims)
    if case.kdump:
        capture.wait(guest)
    else:
        guest.wait_serial(DEAD, 120)
        time.sleep(1.0)
    return seen(guest.serial(), faults=case.death in FAULTS) | known


def seen(console: str, faults: bool) -> dict[str, str]:
    """What the dying kernel itself said: the panic line, and where it died by a fault the function that took it."""
    death = {}
    if panic := re.search(r"Kernel panic - not syncing: (.*)", console):
        death["panic"] = panic.group(1).strip()
    if faults and (function := re.search(r"(?:RIP: 0010:|RIP 10:<\w+> \{|pc : )([A-Za-z_][\w.]*)\+0x", console)):
        death["function"] = function.group(1)
    return death
