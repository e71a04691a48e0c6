"""x86 machine check registers (Intel SDM vol. 3B ch. 16 and 17, AMD APM vol. 2 ch. 9; arch/x86/kernel/cpu/mce, 7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from triage.model import Component, Severity

INTEL, AMD, HYGON, ZHAOXIN = 0, 2, 9, 10  # the kernel's X86_VENDOR_*, as the PROCESSOR line prints them
ADDRESS_BITS = (1 << 52) - 1
PAGE_SHIFT = 12  # x86 has no other
FIRMWARE_BANK = 0xFF  # the kernel's mirror of a GHES memory error: bank -1, in eight bits (arch/x86/.../mce/apei.c)

STATUS_BITS = {63: "VAL", 62: "OVER", 61: "UC", 60: "EN", 59: "MISCV", 58: "ADDRV", 57: "PCC"}
INTEL_BITS = {56: "S", 55: "AR"}
AMD_BITS = {46: "CECC", 45: "UECC", 44: "DEFERRED", 43: "POISON"}
SMCA_BITS = AMD_BITS | {55: "TCC", 54: "PADDRV", 53: "SYNDV", 40: "SCRUB"}  # family 17h and later
MCIP = 4  # of MCG_STATUS: a machine check is in progress
MCG_BITS = {0: "RIPV", 1: "EIPV", 2: "MCIP", 3: "LMCES", 12: "SEAM_NR"}

SIMPLE = {
    0x0000: "no error", 0x0001: "unclassified", 0x0002: "microcode ROM parity error", 0x0003: "external error",
    0x0004: "FRC error", 0x0005: "internal parity error", 0x0006: "SMM handler code access violation",
    0x0400: "internal timer error", 0x0E0B: "I/O error", 0x0134: "data load", 0x0150: "instruction fetch",
    0x017A: "L3 explicit writeback",
}  # fmt: skip
SRAR_SRAO = frozenset({0x0134, 0x0150, 0x017A})
MEMORY_ACTION = ("generic", "read", "write", "address/command", "scrub")
LEVELS = ("L0", "L1", "L2", "generic")
TRANSACTIONS = ("instruction", "data", "generic", "reserved")
REQUESTS = ("generic", "read", "write", "data read", "data write", "instruction fetch", "prefetch", "eviction", "snoop")
UMC_HWID = 0x96  # AMD unified memory controller: its address is normalised, not a system address
# Extended error codes that all versions of the UMC share (drivers/edac/mce_amd.c up to 6.1; since then numbers only).
UMC_ERRORS = {0: "DRAM ECC error", 1: "data poison error", 2: "SDP parity error", 4: "command/address parity error"}
CORE_HWID, EXECUTION = 0xB0, 5  # AMD's core, and the type that its execution unit has in MCA_IPID
LOGIC_UNITS = {3: "decode unit", EXECUTION: "execution unit", 6: "floating point unit"}
DRAM_ECC = 0x8  # extended error code of a DRAM error in the AMD northbridge before SMCA
NORTHBRIDGE = 4
SMCA_FAMILY = 0x17
DEFERRED_FAMILY = 0x15


@dataclass(frozen=True, slots=True, kw_only=True)
class Bank:
    """The registers of one machine check bank; None: not printed."""

    status: int
    bank: int | None = None
    address: int | None = None
    misc: int | None = None
    ipid: int | None = None
    vendor: int | None = None
    family: int | None = None

    def bit(self, number: int) -> bool:
        """Whether bit `number` of MCi_STATUS is set."""
        return bool(self.status >> number & 1)

    @property
    def amd(self) -> bool:
        """AMD's or Hygon's own bank; without a PROCESSOR line only an IPID register tells."""
        if self.bank == FIRMWARE_BANK:
            return False
        return self.vendor in (AMD, HYGON) or (self.vendor is None and self.ipid is not None)

    @property
    def code(self) -> int:
        """MCACOD without its filter bit 12."""
        return self.status & 0xEFFF

    @property
    def scalable(self) -> bool:
        """Whether the bank is of AMD's scalable MCA (family 17h and later), where bank numbers say nothing."""
        return self.amd and (self.ipid is not None or (self.family or 0) >= SMCA_FAMILY)

    @property
    def umc(self) -> bool:
        """Whether it is the bank of an AMD unified memory controller."""
        return self.scalable and (self.ipid or 0) >> 32 & 0xFFF == UMC_HWID

    @property
    def poison_code(self) -> bool:
        """Whether Intel's code tells of poison that was used or found; of a corrected error it is the cache's own."""
        return not self.amd and self.code in SRAR_SRAO and self.bit(61)

    @property
    def logic_unit(self) -> str | None:
        """The unit of a core that has no cache and codes its errors as cache errors all the same."""
        ipid = self.ipid or 0
        return LOGIC_UNITS.get(ipid >> 48) if self.scalable and ipid >> 32 & 0xFFF == CORE_HWID else None

    @property
    def watchdog(self) -> bool:
        """Whether AMD's execution unit gave up waiting for an instruction to retire."""
        return self.logic_unit == LOGIC_UNITS[EXECUTION] and self.status >> 16 & 0x3F == 0

    @property
    def memory_controller(self) -> bool:
        """Whether an AMD memory controller reported: a UMC, or DRAM ECC in the northbridge of older families."""
        if self.scalable:
            return self.umc
        return self.amd and self.bank == NORTHBRIDGE and self.status >> 16 & 0x1F == DRAM_ECC


def family(cpuid: int | None) -> int | None:
    """The processor family in a CPUID signature: 0x800f82 is family 0x17."""
    return None if cpuid is None else (cpuid >> 8 & 0xF) + (cpuid >> 20 & 0xFF if cpuid >> 8 & 0xF == 0xF else 0)


def flags(value: int, names: dict[int, str]) -> list[str]:
    """Names of the set bits, highest first: `flags(5, MCG_BITS)` is `["MCIP", "RIPV"]`."""
    return [name for bit, name in sorted(names.items(), reverse=True) if value >> bit & 1]


def error_class(bank: Bank) -> str:
    """corrected, deferred, UCNA, SRAO, SRAR or fatal, by the bits that the kernel's severity table looks at."""
    if not bank.bit(61):
        return (
            "deferred"
            if bank.amd and bank.bit(44) and (bank.family or DEFERRED_FAMILY) >= DEFERRED_FAMILY
            else "corrected"
        )
    if bank.bit(57):
        return "fatal"
    if bank.amd or bank.bank == FIRMWARE_BANK:
        return "uncorrected"
    if not bank.bit(56):
        return "UCNA"
    return "SRAR" if bank.bit(55) else "SRAO"


SEVERITIES: dict[str, Severity] = {
    "corrected": "corrected", "deferred": "deferred", "UCNA": "deferred", "SRAO": "recoverable", "SRAR": "recoverable",
    "uncorrected": "recoverable", "fatal": "fatal",
}  # fmt: skip


def severity(bank: Bank) -> Severity:
    """How bad the bank's error is; the kernel handles UCNA (poison nobody has used yet) and deferred errors alike."""
    return SEVERITIES[error_class(bank)]


def usable_address(bank: Bank) -> int | None:
    """The system physical address in MCi_ADDR, None if it is not one (mce_usable_address, 7.3)."""
    if bank.address is None or not bank.bit(58):
        return None
    rule = amd_usable if bank.amd else intel_usable
    return bank.address & ADDRESS_BITS if rule(bank) else None


def intel_usable(bank: Bank) -> bool:
    """MISC says the address is physical and exact to a page (Intel and Zhaoxin)."""
    misc = bank.misc or 0
    return bank.bit(59) and misc >> 6 & 7 == 2 and misc & 0x3F <= PAGE_SHIFT


def amd_usable(bank: Bank) -> bool:
    """A DRAM error of the old northbridge, or PADDRV; POISON too, unless the UMC gives its normalised address."""
    if not bank.scalable:
        return bank.memory_controller
    return bank.bit(54) or (bank.bit(43) and not bank.memory_controller)


def granularity(bank: Bank) -> int | None:
    """Bytes that MISC vouches for: 1 << LSB, None where MISC does not say (AMD's has another layout)."""
    if bank.amd or not intel_usable(bank):
        return None
    return 1 << ((bank.misc or 0) & 0x3F)


def is_memory(bank: Bank) -> bool:
    """Whether the code tells of memory content: controller, scrubber, or data loaded, fetched or written back."""
    if bank.amd:
        return bank.memory_controller
    code = bank.code
    return 0x80 <= code <= 0xCF or 0x280 <= code <= 0x2CF or bank.poison_code


def component(bank: Bank) -> Component:
    """The part of the machine that the error code names."""
    code = bank.code
    if is_memory(bank):
        return "memory"
    if bank.logic_unit:
        return "processor"
    if code & 0xFF00 == 0x0100 or code & 0xFFFC == 0x000C:
        return "cache"
    return "bus" if code & 0xF800 == 0x0800 else "processor"


def text(bank: Bank) -> str:
    """The error code in words: `memory read error on channel 1`, `DRAM ECC error`, `L2 data cache read error`."""
    code, extended = bank.code, bank.status >> 16 & 0x3F
    if bank.umc and extended in UMC_ERRORS:
        return UMC_ERRORS[extended]
    if bank.logic_unit:
        return f"{bank.logic_unit} {'watchdog timeout' if bank.watchdog else f'error {extended}'}"
    if code in SIMPLE and (bank.poison_code or code not in SRAR_SRAO):
        return SIMPLE[code]
    if code & 0xFD80 == 0x0080:
        return memory_text(code)
    if code & 0xFFFC == 0x000C:
        return f"{LEVELS[code & 3]} cache error"
    if code & 0xFFF0 == 0x0010:
        return f"{LEVELS[code & 3]} {TRANSACTIONS[code >> 2 & 3]} TLB error"
    if code & 0xFF00 == 0x0100:
        return f"{LEVELS[code & 3]} {TRANSACTIONS[code >> 2 & 3]} cache {request(code)} error"
    if code & 0xF800 == 0x0800:
        return f"bus or interconnect {request(code)} error"
    return "internal error" if code & 0xFC00 == 0x0400 else f"error code {code:#06x}"


def request(code: int) -> str:
    """The RRRR field of cache and bus errors."""
    field = code >> 4 & 0xF
    return REQUESTS[field] if field < len(REQUESTS) else "reserved"


def memory_text(code: int) -> str:
    """The memory controller's MMM and CCCC fields; channel 15 means that it is not told."""
    action, channel = code >> 4 & 7, code & 0xF
    name = MEMORY_ACTION[action] if action < len(MEMORY_ACTION) else "reserved"
    return f"memory {name} error" + (f" on channel {channel}" if channel != 0xF else "")


def decode(bank: Bank, mcgstatus: int | None = None) -> dict[str, Any]:
    """What the registers say, for `mca{}`: class, flags, codes in numbers and words."""
    own = (SMCA_BITS if bank.scalable else AMD_BITS) if bank.amd else INTEL_BITS
    out: dict[str, Any] = {
        "class": error_class(bank),
        "flags": flags(bank.status, STATUS_BITS | own),
        "mcacod": bank.code,
        "mscod": bank.status >> 16 & 0xFFFF,
        "text": text(bank),
    }
    if not bank.amd and not bank.bit(61):
        out["corrected_count"] = bank.status >> 38 & 0x7FFF
    if mcgstatus is not None:
        out["mcg_flags"] = flags(mcgstatus, MCG_BITS)
    return out
