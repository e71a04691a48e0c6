"""A cache error exception of LoongArch or MIPS (arch/*/kernel/traps.c, 5.4 to 7.3); a panic follows:

Cache error exception:
csr_merrctl == 00000031
csr_merrera == 90000000031c7a00
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import merge, present
from triage.model import Event, HardwareError

ANCHORS = (b"Cache error exception",)
GAP = 4
REQUIRED = ()


class Fields:
    start = staticmethod(merge)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error; the registers stand in `detail` as printed."""
    registers = {name: value for name, value in fields.items() if name not in ("error", "place")}
    detail = present(place=fields.get("place"), **registers)
    return [HardwareError(**base, component="cache", severity="fatal", what=fields["error"], detail=detail)]
