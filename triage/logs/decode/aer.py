"""PCI Express Advanced Error Reporting: names of status bits (PCIe 6.0 section 7.8.4; drivers/pci/pcie/aer.c, 7.3)."""

from __future__ import annotations

from collections.abc import Sequence

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

CORRECTABLE_NAMES = frozenset(  # as above, and as kernels up to 4.18 print them
    {
        *CORRECTABLE.values(), "Receiver Error", "Bad TLP", "Bad DLLP", "RELAY_NUM Rollover", "Replay Timer Timeout",
        "Advisory Non-Fatal", "Corrected Internal Error", "Header Log Overflow",
    }
)  # fmt: skip
OFTEN_CORRECTABLE = 0x31C1  # 0, 6, 7, 8, 12 and 13: a set one is far more often a correctable error's than the other's


def uncorrected(status: int, names: Sequence[str]) -> bool:
    """Whether the set bits are those of an uncorrected error: by their names, without any by their numbers.

    `uncorrected(0x4000, ["CmpltTO"])` is true, `uncorrected(0x1, ["RxErr"])` is not.
    """
    return not CORRECTABLE_NAMES.issuperset(names) if names else bool(status & ~OFTEN_CORRECTABLE)


def requester(number: str | None, port: str | None) -> str | None:
    """The PCI address of a requester id, which has no domain: `requester("5f01", "0000:5e:00.0")` is `0000:5f:00.1`."""
    if number is None or port is None:
        return None
    bus, slot = divmod(int(number, 16) & 0xFFFF, 256)
    return f"{port.partition(':')[0]}:{bus:02x}:{slot >> 3:02x}.{slot & 7}"


def bits(status: str | None, mask: str | None, names: dict[int, str]) -> tuple[str, ...]:
    """Names of the set bits of a hexadecimal status; masked bits count only if nothing else is set.

    `bits("00004000", "00000000", UNCORRECTABLE)` is `("CmpltTO",)`.
    """
    word = int(status, 16) if status else 0
    seen = word & ~int(mask or "0", 16) or word
    return tuple(names.get(bit, f"bit {bit}") for bit in range(32) if seen >> bit & 1)
