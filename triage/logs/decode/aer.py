"""PCI Express Advanced Error Reporting: names of status bits (PCIe 6.0 section 7.8.4; drivers/pci/pcie/aer.c, 7.3)."""

from __future__ import annotations

CORRECTABLE = {
    0: "RxErr", 6: "BadTLP", 7: "BadDLLP", 8: "Rollover", 12: "Timeout", 13: "NonFatalErr", 14: "CorrIntErr",
    15: "HeaderOF",
}  # fmt: skip
UNCORRECTABLE = {
    0: "Undefined", 4: "DLP", 5: "SDES", 12: "TLP", 13: "FCP", 14: "CmpltTO", 15: "CmpltAbrt", 16: "UnxCmplt",
    17: "RxOF", 18: "MalfTLP", 19: "ECRC", 20: "UnsupReq", 21: "ACSViol", 22: "UncorrIntErr", 23: "BlockedTLP",
    24: "AtomicOpBlocked", 25: "TLPBlockedErr", 26: "PoisonTLPBlocked", 27: "DMWrReqBlocked", 28: "IDECheck",
    29: "MisIDETLP", 30: "PCRC_CHECK", 31: "TLPXlatBlocked",
}  # fmt: skip


def bits(status: str | None, mask: str | None, names: dict[int, str]) -> tuple[str, ...]:
    """Names of the set bits of a hexadecimal status; masked bits count only if nothing else is set.

    `bits("00004000", "00000000", UNCORRECTABLE)` is `("CmpltTO",)`.
    """
    word = int(status, 16) if status else 0
    seen = word & ~int(mask or "0", 16) or word
    return tuple(names.get(bit, f"bit {bit}") for bit in range(32) if seen >> bit & 1)
