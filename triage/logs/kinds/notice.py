"""A line that is no error but changes what errors mean (5.4 to 7.3): what booted, what was lost, injected, asked for.

Linux version 6.12.9-2-generic (builder@lab) (gcc 14.2.0) #1 SMP PREEMPT_DYNAMIC
Command line: BOOT_IMAGE=/vmlinuz root=/dev/sda1 ro
Hypervisor detected: KVM
Dentry cache hash table entries: 4194304 (order: 9, 33554432 bytes, linear)
ghes_print_estatus: 12 callbacks suppressed
sysrq: Trigger a crash

`values` holds the parts by name: kernel (its release), cmdline, name, kernel_offset, phys_offset, page_size (bytes),
count, function, tool, action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from triage.logs.decode.machine import virtual
from triage.logs.kinds._fields import number, only, present
from triage.model import Event, Notice

ANCHORS = (
    b"Linux version ",
    b"ommand line: ",
    b"DMI: ",
    b"Machine model: ",
    b"Hypervisor detected: ",
    b"Booting paravirtualized kernel on ",
    b"Linux is running ",
    b"Kernel Offset: ",
    b"PHYS_OFFSET: ",
    b"HugeTLB: registered ",
    b"Dentry cache hash table ",
    b" suppressed",
    b" messages dropped",
    b" kernel messages",
    b"AER: ",
    b"Error INJection",
    b"achine check inj",
    b"machine check poll",
    b"Triggering MCE",
    b": Injecting errors ",
    b"to test core handling",
    b"sysrq: ",
    b"SysRq : ",
    b"reboot: ",
    b"systemd-shutdown[1]: ",
    b"Starting new kernel",
    b"Starting crashdump",
    b"ut of memory: Kill",
)
GAP = 0
REQUIRED = ()

# Huge page sizes that only one base page size can have (arm64, riscv), in bytes.
PAGE_SIZES = {"64.0 KiB": 4096, "512 MiB": 65536}
SHIFTS = range(12, 19)  # log2 of the page sizes that kernels are built with
BARE = "bare hardware"
Maker = Callable[[dict[str, Any]], tuple[str, dict[str, Any]] | None]


def boot(f: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The banner with which a boot begins."""
    return "boot", {"kernel": f["release"], "build": f["build"].strip()}


def command(f: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The command line; elfcorehdr= is given to the kernel that saves the dump of another."""
    what = "capture-kernel" if "elfcorehdr=" in f["cmdline"] else "cmdline"
    return what, {"cmdline": f["cmdline"]}


def hypervisor(f: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """A virtual machine, by whichever line says so."""
    name = next(f[group] for group in ("hypervisor", "paravirt", "guest") if group in f)
    return None if name == BARE else ("hypervisor", {"name": name})


def huge(f: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The base page size, where a huge page size tells it."""
    size = PAGE_SIZES.get(f["huge"])
    return ("layout", {"page_size": size}) if size else None


def hashed(f: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The base page size out of a table's size: the order is `ilog2(size) - PAGE_SHIFT` (mm/mm_init.c), below 0 for a
    table smaller than a page."""
    shift = int(f["bytes"]).bit_length() - 1 - int(f["order"])
    return ("layout", {"page_size": 1 << shift}) if shift in SHIFTS else None


def layout(f: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Offsets of the kernel image and of memory, printed behind a panic."""
    names = ("kernel_offset", "kernel_base", "phys_offset")
    return "layout", present(**{name: number(f.get(name), 16) for name in names})


def lost(f: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Messages or records that are not in the log."""
    count = number(f.get("suppressed") or f.get("dropped") or f.get("missed"))
    return "lost", present(count=count, function=f.get("function"), reason=f.get("aer_lost"))


def injection(tool: str) -> Maker:
    """Errors made on purpose, by the tool that made them; `armed` if it only was made ready."""
    armed = ("initialized",)

    def make(f: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        said = f[tool]
        return "injection", present(
            tool=tool.replace("_", "-"),
            armed=True if said.endswith(armed) else None,
            cpu=number(f.get("cpu")),
            device=f.get("device"),
        )

    return make


def said(what: str, group: str, name: str) -> Maker:
    """A notice whose only value is one group of the line."""
    return lambda f: (what, {name: f[group].strip()})


# The group that a line has -> what it says.
MAKERS: dict[str, Maker] = {
    "release": boot,
    "cmdline": command,
    "machine": said("machine", "machine", "name"),
    "hypervisor": hypervisor,
    "paravirt": hypervisor,
    "guest": hypervisor,
    "huge": huge,
    "order": hashed,
    "kernel_offset": layout,
    "phys_offset": layout,
    "suppressed": lost,
    "dropped": lost,
    "missed": lost,
    "aer_lost": lost,
    "einj": injection("einj"),
    "mce_inject": injection("mce_inject"),
    "aer_inject": injection("aer_inject"),
    "edac_inject": injection("edac_inject"),
    "sysrq": said("sysrq", "sysrq", "action"),
    "reboot": said("shutdown", "reboot", "how"),
    "kexec": said("shutdown", "kexec", "how"),
    "systemd": said("shutdown", "systemd", "how"),
    "oom": lambda f: ("oom", {"scope": f["oom"], "pid": number(f["pid"]), "task": f["task"]}),
}


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        return only(tokens) | {"text": tokens[0].line.body.strip()}


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One notice, or none where the line means nothing for us."""
    maker = next((maker for group, maker in MAKERS.items() if group in fields), None)
    made = maker(fields) if maker else None
    if made is None:
        return []
    what: Any = made[0]
    notices: list[Event] = [Notice(**base, what=what, text=fields["text"], values=made[1])]
    guest = virtual(fields["text"]) if what == "machine" else None
    if guest:
        notices.append(Notice(**base, what="hypervisor", text=fields["text"], values={"name": guest}))
    return notices
