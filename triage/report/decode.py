"""Registers that tell how a crash happened, bit by bit (kernel-facts: ESR_EL1 of arm64, MCi_STATUS of x86)."""

from __future__ import annotations

CLASSES = {
    0x20: "instruction abort, from user space",
    0x21: "instruction abort, in the kernel",
    0x22: "PC alignment fault",
    0x24: "data abort, from user space",
    0x25: "data abort, in the kernel",
    0x26: "SP alignment fault",
    0x2F: "SError interrupt",
    0x3C: "BRK instruction (BUG or WARN)",
}
SET = {0: "recoverable (UER)", 2: "uncontainable (UC)", 3: "restartable (UEO)"}
Decoded = tuple[str, str, str]  # field, value, meaning


def esr(value: int) -> list[Decoded]:
    """ESR_EL1 0x96000410: class, fault status, read or write, whether FAR is valid."""
    ec, dfsc = value >> 26 & 0x3F, value & 0x3F
    rows = [("EC", f"{ec:#x}", CLASSES.get(ec, "not decoded here"))]
    if ec not in (0x20, 0x21, 0x24, 0x25):
        return rows
    rows.append(("DFSC" if ec > 0x21 else "IFSC", f"{dfsc:#x}", fault_status(dfsc)))
    if ec > 0x21:
        rows.append(("WnR", str(value >> 6 & 1), "write" if value >> 6 & 1 else "read"))
    if dfsc == 0x10:
        invalid = value >> 10 & 1
        rows.append(("FnV", str(invalid), "FAR does not hold the address" if invalid else "FAR holds the address"))
        rows.append(("SET", str(value >> 11 & 3), SET.get(value >> 11 & 3, "reserved")))
    return rows


def fault_status(code: int) -> str:
    """What a data or instruction fault status code says."""
    level = f", level {code & 3}"
    if code in range(0x04, 0x08):
        return f"translation fault{level}: an ordinary bad pointer"
    if code in range(0x08, 0x10):
        return ("access flag fault" if code < 0x0C else "permission fault") + level
    if code == 0x10:
        return "synchronous external abort, not on a table walk; memory and devices look the same"
    if code in range(0x13, 0x18):
        return "synchronous external abort on a page table walk"
    if code == 0x18:
        return "synchronous parity or ECC error"
    if code in range(0x1B, 0x20):
        return "synchronous parity or ECC error on a page table walk"
    return "alignment fault" if code == 0x21 else "not decoded here"


FLAGS = (
    (63, "VAL", "valid"),
    (62, "OVER", "an earlier error was overwritten"),
    (61, "UC", "uncorrected"),
    (60, "EN", "reporting enabled"),
    (59, "MISCV", "MISC valid"),
    (58, "ADDRV", "address valid"),
    (57, "PCC", "processor context corrupt"),
)
INTEL = ((56, "S", "signalled by a machine check"), (55, "AR", "action required"))
AMD = (
    (46, "CECC", "corrected by ECC"),
    (45, "UECC", "uncorrected ECC error"),
    (44, "DEFERRED", "deferred"),
    (43, "POISON", "poison consumed"),
)


def mci_status(value: int, vendor: str | None) -> list[Decoded]:
    """MCi_STATUS: flags that are set and the error code; bits that vendors use differently need `vendor`."""
    own = {"intel": INTEL, "amd": AMD}.get((vendor or "").lower(), ())
    rows = [(name, "1", meaning) for bit, name, meaning in (*FLAGS, *own) if value >> bit & 1]
    code = value & 0xEFFF
    return [*rows, ("MCACOD", f"{code:#06x}", error_code(code))]


EXACT = {
    0x0134: "data load of poisoned data",
    0x0150: "instruction fetch of poisoned data",
    0x017A: "L3 writeback",
    0x0400: "internal timer",
}


def error_code(code: int) -> str:
    """The class of a machine check architecture error code (Intel SDM volume 3, compound error codes)."""
    if code in EXACT:
        return EXACT[code]
    for low, high, meaning in (
        (0x80, 0xBF, "memory controller"),
        (0xC0, 0xCF, "memory scrubber"),
        (0x0100, 0x01FF, "cache hierarchy"),
        (0x0800, 0x0FFF, "bus or interconnect"),
        (0x0010, 0x001F, "TLB"),
    ):
        if low <= code <= high:
            return meaning
    return "not decoded here"
