"""Machine checks out of the core: the worst one each CPU saw, which is the one that panicked (x86-64).

static DEFINE_PER_CPU(struct mce, mces_seen);            /* arch/x86/kernel/cpu/mce/core.c, to 6.13 */
static DEFINE_PER_CPU(struct mce_hw_err, hw_errs_seen);  /* 6.14 on; holds a struct mce `m` */
"""

from __future__ import annotations

from dataclasses import dataclass

from drgn import Object
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.percpu import per_cpu

from triage.vmcore.core import Core

# MCi_STATUS bits
_VALID, _UC, _MISCV, _ADDRV, _AR = 1 << 63, 1 << 61, 1 << 59, 1 << 58, 1 << 55
_RIPV, _EIPV = 1, 2  # MCG_STATUS
_PHYSICAL = 2  # address mode in MCi_MISC bits 8:6
_AMD = (2, 9)  # mce.cpuvendor: X86_VENDOR_AMD, X86_VENDOR_HYGON
_PADDRV, _POISON = 1 << 54, 1 << 43  # MCi_STATUS on AMD
_ADDRESS = (1 << 52) - 1


@dataclass(frozen=True, slots=True)
class MachineCheck:
    """One uncorrected machine check; `granularity` in bytes from MCi_MISC."""

    cpu: int
    bank: int
    status: int
    mcg_status: int
    address: int | None
    granularity: int | None
    precise: bool  # the saved instruction pointer is the one that faulted (EIPV)


def machine_checks(core: Core) -> list[MachineCheck]:
    """The machine checks pending when the system went down; of all possible CPUs, as a panic marks them offline."""
    variable = core.variable("mces_seen")
    if variable is None:
        variable = core.variable("hw_errs_seen")
    if core.arch != "x86_64" or variable is None:
        return []
    seen = [_decode(core, per_cpu(variable, cpu), cpu) for cpu in for_each_possible_cpu(core.prog)]
    return [check for check in seen if check is not None]


def _decode(core: Core, record: Object, cpu: int) -> MachineCheck | None:
    mce = record.m if record.type_.has_member("m") else record
    status, misc = int(mce.status), int(mce.misc)
    if not status & _VALID or not status & _UC:
        return None
    usable, size = _usable(core, mce, status, misc)
    return MachineCheck(
        cpu=cpu,
        bank=int(mce.bank),
        status=status,
        mcg_status=int(mce.mcgstatus),
        address=int(mce.addr) & _ADDRESS if usable else None,
        granularity=1 << size if usable and size is not None else None,
        precise=bool(int(mce.mcgstatus) & _EIPV),
    )


def _usable(core: Core, mce: Object, status: int, misc: int) -> tuple[bool, int | None]:
    """Whether MCi_ADDR is a system physical address, and log2 of the bytes it stands for: mce_usable_address() of 7.3.
    AMD's memory controllers give normalised addresses unless they say otherwise."""
    if not status & _ADDRV:
        return False, None
    if int(mce.cpuvendor) in _AMD:
        legacy_dram = int(mce.bank) == 4 and status >> 16 & 0x1F == 8
        return bool(status & (_PADDRV | _POISON)) or legacy_dram, None
    size = misc & 0x3F
    return bool(status & _MISCV) and misc >> 6 & 7 == _PHYSICAL and size <= core.page_shift, size


def victim(checks: list[MachineCheck]) -> MachineCheck | None:
    """The machine check of the CPU that consumed the error: action required before others, precise before imprecise.
    The others only took part in the broadcast and saw nothing."""
    return max(checks, key=lambda c: (bool(c.status & _AR), c.precise, c.address is not None), default=None)
