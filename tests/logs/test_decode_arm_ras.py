"""Arm RAS records, by hand from the architecture's tables."""

from __future__ import annotations

import pytest

from triage.logs.decode import arm_ras

VALID, AV, UE, DE = 1 << 30, 1 << 31, 1 << 29, 1 << 23


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (VALID | 2 << 24, "corrected"),
        (VALID | DE, "deferred"),
        (VALID | UE, "fatal"),  # uncontainable
        (VALID | UE | 1 << 20, "fatal"),
        (VALID | UE | 2 << 20, "recoverable"),
        (VALID | UE | DE | 3 << 20, "recoverable"),
    ],
)
def test_severity(status: int, expected: str) -> None:
    assert arm_ras.severity(status) == expected


@pytest.mark.parametrize(
    ("status", "address", "expected"),
    [
        (VALID | AV, 1 << 63 | 0x31C7A05240, 0x31C7A05240),
        (VALID, 0x31C7A05240, None),
        (VALID | AV, 1 << 61 | 0x31C7A05240, None),  # incorrect
        (VALID | AV, 1 << 60 | 0x31C7A05240, None),  # virtual
        (VALID | AV, None, None),
    ],
)
def test_address(status: int, address: int | None, expected: int | None) -> None:
    assert arm_ras.physical_address(status, address) == expected
