"""An error record that firmware handed to the running kernel: APEI GHES or acpi_extlog (drivers/acpi/apei, 5.4 to 7.3):

{4}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 2
{4}[Hardware Error]: event severity: recoverable
{4}[Hardware Error]:  Error 0, type: recoverable
{4}[Hardware Error]:   section_type: memory error
{4}[Hardware Error]:    error_status: Storage error in DRAM memory (0x0000000000000400)
{4}[Hardware Error]:   physical_address: 0x00000031c7a05240
{4}[Hardware Error]:   physical_address_mask: 0xffffffffffffffc0
{4}[Hardware Error]:   node:1 card:2 module:0 rank:1 bank:3 device:5 row:1140 column:96
{4}[Hardware Error]:   error_type: 3, multi-bit ECC
{4}[Hardware Error]:   DIMM location: P1 CHANNEL C DIMM 0
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _cper
from triage.model import Event

ANCHORS = (b"[Hardware Error]: ",)
GAP = 20
REQUIRED = ("severity", "sections")
BOOT_SECONDS = 300.0


class Fields:
    start = staticmethod(_cper.read)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error per section.

    A record without {n} that begins with its severity is what BERT prints at boot; its own header was cut off then.
    """
    boot_time = base["time"] is None or base["time"] < BOOT_SECONDS
    bare = "seq" not in fields and "source" not in fields and "severity" in fields
    return _cper.errors(fields, base, previous_boot=bare and boot_time)
