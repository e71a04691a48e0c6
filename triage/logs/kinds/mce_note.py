"""A single line of the x86 machine check code (arch/x86/kernel/cpu/mce/core.c, 5.4 to 7.3):

mce: [Hardware Error]: Machine check events logged
mce: Uncorrected hardware memory error in user-access at 31c7a05240

"Machine check events logged" says only that something was queued for a decoder: `detail["undecoded"]`.
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number, only, present, reporter
from triage.model import Event, HardwareError, Notice

ANCHORS = (b"[Hardware Error]: ", b"mce: ", b"MCE: ", b"Uncorrected memory error in page")
GAP = 0
REQUIRED = ()


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """A hardware error; for an interrupt storm a notice, since polling loses events."""
    if "chatter" in fields:
        return reporter(fields, base)
    if "storm" in fields:
        return [
            Notice(**base, what="lost", text=fields["storm"], values=present(reason="storm", cpu=number(fields["cpu"])))
        ]
    if "full" in fields:
        return [Notice(**base, what="lost", text=fields["full"], values={"reason": "overflow"})]
    if "logged" in fields:
        logged = {
            "component": "unknown",
            "severity": "corrected",
            "what": fields["logged"],
            "detail": {"undecoded": True},
        }
        return [HardwareError(**base | logged)]
    if "fake" in fields:
        return [HardwareError(**base, component="processor", severity="fatal", what=fields["reason"], injected=True)]
    if "fatal" in fields:
        silent = fields["fatal"] + (fields.get("rest") or "")
        cpu = number(fields.get("cpu"))
        return [HardwareError(**base, component="processor", severity="fatal", what=silent, cpu=cpu)]
    return [memory(fields, base)]


def memory(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """An uncorrected memory error that user-space data had; the address printed is a physical one."""
    return HardwareError(
        **base,
        component="memory",
        severity="recoverable",
        what=fields["memory"],
        physical_address=number(fields.get("address"), 16),
        page=number(fields.get("page"), 16),
    )
