"""An EDAC line of any driver family (drivers/edac/edac_mc.c, edac_device.c, edac_pci_sysfs.c; 5.4 to 7.3):

EDAC MC0: 1 UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (slot:0 page:0x40272d offset:0x5080 grain:32)
EDAC DEVICE0: UE: xgene-l3 instance: l3-0 block: l3 count: 1 'L3 UE'
EDAC PCI0: Master Data Parity Error on 0000:00:1c.0
mc_event: 1 Corrected error: memory read error on DIMM_A1 (mc:0 location:1:0:-1 address:0x31c7a05240 ...)

`page` is in units of the kernel's page size and `grain` in bytes. What a driver says of itself at boot is a notice.
"""

from __future__ import annotations

from typing import Any

from triage.logs.decode import cper, edac
from triage.logs.kinds._fields import number, only, present, reporter
from triage.model import Event, HardwareError, Severity

ANCHORS = (b"EDAC MC", b"EDAC DEVICE", b"EDAC PCI", b"EDAC Altera: ", b"Uncorrectable errors", b" mc_event: ")
GAP = 0
REQUIRED = ()

LEVELS: dict[str, Severity] = {
    "Corrected": "corrected", "Info": "corrected", "Deferred": "deferred", "Uncorrected": "recoverable",
    "Fatal": "fatal",
}  # fmt: skip


class Fields:
    start = staticmethod(only)


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error, or a notice where a driver only tells of itself."""
    if "chatter" in fields:
        return reporter(fields, base)
    for group, make in (("internal", internal), ("pci", parity), ("altera", altera), ("fatal", sdram)):
        if group in fields:
            return [make(fields, base)]
    return [controller(fields, base) if "controller" in fields else memory(fields, base)]


def memory(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """A memory controller's line; its location comes from the layers, the label and the driver's own details."""
    get = fields.get
    message, other = (get("message") or "").strip(), (get("other_detail") or "").rstrip(" )")
    grain, page, offset = number(get("grain")), number(get("page"), 16), number(get("offset"), 16)
    if not page and not offset:  # a driver that has no address passes zeros
        page = offset = None
    told = f"{message} {other}"  # drivers name a place in either
    address = number(get("address"), 16) or edac.address(told)
    base["missing"] = () if page or address or get("page") else ("page",)
    return HardwareError(
        **base,
        component="memory",
        severity=severity(fields, other),
        what=edac.words(message) or "memory error",
        physical_address=address,
        page=page,
        page_offset=offset,
        granularity=grain if grain and grain > 1 else None,  # 1: ghes_edac without an address mask
        count=number(get("count")) or 1,
        location=edac.location(fields["mc"], layers(fields), get("label"), told),
        detail=edac.details(get("syndrome"), other),
    )


def layers(fields: dict[str, Any]) -> str | None:
    """`channel:1 slot:0`, as kernels before 3.5 would have written it too."""
    if "row" in fields:
        return f"csrow:{fields['row']}" + (f" channel:{fields['channel']}" if fields["channel"] else "")
    return fields.get("location")


def severity(fields: dict[str, Any], other: str) -> Severity:
    """CE is corrected; of UE the driver may say that it was fatal."""
    if fields.get("level"):
        return LEVELS[fields["level"]]
    if fields.get("severity") == "CE":
        return "corrected"
    return "fatal" if edac.FATAL.search(other) or edac.FATAL.search(fields.get("message") or "") else "recoverable"


def internal(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """`EDAC MC1: INTERNAL ERROR: row value is out of range (9 >= 8)`: an error whose place the driver got wrong."""
    return HardwareError(
        **base,
        component="memory" if fields["mc"] else "platform",
        severity="corrected",
        what=f"INTERNAL ERROR: {fields['internal']}",
        location={"memory_controller": int(fields["mc"])} if fields["mc"] else {},
    )


def controller(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """A cache, bus or other controller with an EDAC device driver."""
    name = f"{fields['controller']} {fields['instance']} {fields['block']}".lower()
    return HardwareError(
        **base,
        component="cache" if edac.CACHE.search(name) else "memory" if edac.MEMORY.search(name) else "platform",
        severity="corrected" if fields["severity"] == "CE" else "recoverable",
        what=fields["message"] or "device error",
        count=number(fields["count"]) or 1,
        location={"controller": fields["controller"], "instance": fields["instance"], "block": fields["block"]},
    )


def parity(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """A parity error that the PCI poller found; nothing corrects those."""
    return HardwareError(
        **base, component="pcie", severity="recoverable", what=fields["message"], device=cper.pci(fields["pci"])
    )


def altera(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """`EDAC Altera: EDAC: [Fatal DBE on ocram-ecc @ 0x00003FC0]`: the last words of a Stratix 10, or what the boot
    before left in a register; the address is one of the block's own."""
    return HardwareError(
        **base,
        component="memory",
        severity="fatal",
        what=fields["altera"],
        previous_boot=fields["block"] is None,
        location=present(block=fields["block"]),
        detail={"block_address": fields["address"].lower()},
    )


def sdram(fields: dict[str, Any], base: dict[str, Any]) -> HardwareError:
    """`EDAC: [1 Uncorrectable errors @ 0x03FC0000]`: altera_edac.c panics with a text of two lines."""
    return HardwareError(
        **base,
        component="memory",
        severity="fatal",
        what=fields["fatal"],
        physical_address=number(fields["address"], 16),
        count=number(fields["count"]) or 1,
    )
