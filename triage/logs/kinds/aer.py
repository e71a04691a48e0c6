"""A PCI Express error of one device (drivers/pci/pcie/aer.c, 5.4 to 7.3):

pcieport 0000:3a:00.0: AER: Uncorrectable (Non-Fatal) error message received from 0000:3b:00.0
nvme 0000:3b:00.0: PCIe Bus Error: severity=Uncorrectable (Non-Fatal), type=Transaction Layer, (Requester ID)
nvme 0000:3b:00.0:   device [144d:a80a] error status/mask=00004000/00400000
nvme 0000:3b:00.0:    [14] CmpltTO                (First)
nvme 0000:3b:00.0: AER:   TLP Header: 04000001 0000000f 3b000000 00000000
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import aer
from triage.logs.kinds._fields import merge, number, present, reporter
from triage.model import Event, HardwareError, Severity

ANCHORS = (b"AER: ", b" Bus Error: severity=", b"] error status/mask=", b": aer_status: 0x")
GAP = 12
REQUIRED = ("status",)


def key(fields: dict[str, str | None]) -> str | None:
    """The device that a line is about; kernels up to 4.18 head the error with its requester id only."""
    return fields.get("bdf") or aer.requester(fields.get("id"), fields.get("port"))


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        """The fields, and the bits in the order in which they stand."""
        bits = [token.fields["name"].strip() for token in tokens if token.fields.get("name")]
        return merge(tokens) | {"bits": bits}


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error of one device."""
    if "chatter" in fields:
        return reporter(fields, base)
    words = fields.get("severity") or fields.get("received") or ""
    level = severity(words, fields)
    names = fields["bits"] or [bit.strip() for bit in fields.get("trace_bits", "").split("|") if bit.strip()]
    names = names or list(decoded(fields, level))
    if "trace_bits" in fields or "Inaccessible" in (fields.get("inaccessible"), fields.get("layer")):
        base = base | {"missing": ()}  # neither can have a status register
    elif not (words or names):
        base = base | {"missing": (*base["missing"], "severity")}
    return [
        HardwareError(
            **base,
            component="cxl" if fields.get("bus") == "CXL" else "pcie",
            severity=level,
            what=", ".join(names) or fields.get("inaccessible") or f"{words} error".strip(),
            device=key(fields) or fields.get("port"),
            detail=detail(fields, names),
        )
    ]


def severity(words: str, fields: dict[str, Any]) -> Severity:
    """`Uncorrectable (Non-Fatal)` is recoverable; without words the registers and the names of the bits tell.

    The severity register, which says which bits are fatal, and a TLP header are printed of uncorrected errors only.
    """
    if words.startswith("Correct"):
        return "corrected"
    if words:
        return "recoverable" if "non-fatal" in words.lower() else "fatal"
    status, fatal = number(fields.get("status"), 16), number(fields.get("uncor_severity"), 16)
    if status and fatal and status & fatal:
        return "fatal"
    uncorrected = "uncor_severity" in fields or "tlp" in fields or aer.uncorrected(status or 0, fields["bits"])
    return "recoverable" if uncorrected else "corrected"


def decoded(fields: dict[str, Any], level: Severity) -> tuple[str, ...]:
    """Names of the bits in a status register whose own lines are lost."""
    names = aer.CORRECTABLE if level == "corrected" else aer.UNCORRECTABLE
    return aer.bits(fields.get("status"), fields.get("mask"), names)


def detail(fields: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """What has no field of its own, under the words of the log."""
    product = f"{fields['vendor']}:{fields['product']}" if "vendor" in fields else None
    return present(
        driver=fields.get("driver"),
        port=fields.get("port"),
        type=fields.get("layer") or fields.get("aer_layer"),
        agent=fields.get("agent") or fields.get("aer_agent"),
        product=product,
        error_status=fields.get("status"),
        error_mask=fields.get("mask"),
        bits=names or None,
        tlp_header=fields.get("tlp"),
        multiple=True if fields.get("multiple") else None,
    )
