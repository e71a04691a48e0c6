"""Status bits of the CXL RAS capability (CXL 3.1 section 8.2.4.17; drivers/cxl/core/trace.h, 7.3)."""

from __future__ import annotations

CORRECTABLE = {
    0: "Cache Data ECC Error", 1: "Memory Data ECC Error", 2: "CRC Threshold Hit", 3: "Retry Threshold",
    4: "Received Cache Poison From Peer", 5: "Received Memory Poison From Peer",
    6: "Received Error From Physical Layer",
}  # fmt: skip
UNCORRECTABLE = {
    0: "Cache Data Parity Error", 1: "Cache Address Parity Error", 2: "Cache Byte Enable Parity Error",
    3: "Cache Data ECC Error", 4: "Memory Data Parity Error", 5: "Memory Address Parity Error",
    6: "Memory Byte Enable Parity Error", 7: "Memory Data ECC Error", 8: "REINIT Threshold Hit",
    9: "Received Unrecognized Encoding", 10: "Received Poison From Peer", 11: "Receiver Overflow",
    14: "Component Specific Error", 15: "IDE Tx Error", 16: "IDE Rx Error",
}  # fmt: skip
