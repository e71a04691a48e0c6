"""A single line of the APEI driver (drivers/acpi/apei/ghes.c, 5.4 to 7.3):

GHES GHES.3: [Hardware Error]: GHES: stressapp:4242: synchronous unrecoverable error (SIGBUS)
[Firmware Warn]: GHES: Unhandled processor error type 0x08: micro-architectural error
[Firmware Warn]: GHES: Truncated error status block!
APEI work queued but not completed
GHES: Fatal hardware error but panic disabled

"panic disabled" means that the machine will not reboot: the kernel panics all the same, right behind this line.
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds._fields import number, only, present, reporter
from triage.model import Event, HardwareError, Notice

ANCHORS = (b"GHES: ", b"APEI work queued", b"CXL CPER ")
GAP = 0
REQUIRED = ()


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """An error that could not be handled, or a notice that a record is lost."""
    if "chatter" in fields:
        return reporter(fields, base)
    if "lost" in fields:
        return [Notice(**base, what="lost", text=fields["lost"], values={"reason": "firmware"})]
    what = next(fields[name] for name in ("fatal", "sync", "unhandled", "outside", "queued") if name in fields)
    return [
        HardwareError(
            **base,
            component="processor" if "unhandled" in fields else "unknown",
            severity="fatal" if "fatal" in fields else "recoverable",
            what=what,
            detail=present(
                task=fields.get("task"), pid=number(fields.get("pid")), address=number(fields.get("address"), 16)
            ),
        )
    ]
