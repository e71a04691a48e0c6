"""UEFI Common Platform Error Records: severity, granularity, location (drivers/firmware/efi/cper.c)."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any

from triage.model import Component, Severity

# Text of "event severity:" and "Error N, type:"; an informational record asks for nothing, like a corrected one.
SEVERITIES: dict[str, Severity] = {
    "recoverable": "recoverable",
    "fatal": "fatal",
    "corrected": "corrected",
    "info": "corrected",
    "informational": "corrected",
}

UNCORRECTED_TYPES = frozenset({3, 5, 14})  # multi-bit ECC, multi-symbol chipkill ECC, scrub uncorrected error

COMPONENTS: tuple[tuple[str, Component], ...] = (
    ("cxl", "cxl"),  # before "memory": a CXL Memory Module Event tells of the device's health
    ("memory", "memory"),
    ("pcie", "pcie"),
    ("arm", "processor"),
    ("ia32", "processor"),
    ("processor", "processor"),
    ("firmware error record", "platform"),
)
PROCESSOR_PARTS: tuple[tuple[str, Component], ...] = (("cache", "cache"), ("bus", "bus"), ("tlb", "processor"))

# Lines of processor sections that name the core, and the names of these registers.
PROCESSORS = {"Multiprocessor Affinity Register (MPIDR)": "mpidr", "Local APIC_ID": "apic", "processor_id": "processor"}

# An error structure of an ARM processor section as bytes (struct cper_arm_err_info, include/linux/cper.h); its types.
ARM_ERROR = struct.Struct("<BBHBHBQQQ")
ARM_TYPES = {1: "cache error", 2: "TLB error", 3: "bus error", 4: "micro-architectural error"}
ARM_MULTIPLE, ARM_VIRTUAL, ARM_PHYSICAL = 1 << 0, 1 << 3, 1 << 4  # what is valid

# ghes_edac before 6.1 shortens two names of the CPER location.
ALIASES = {"col": "column", "bit_pos": "bit_position"}
PAIR = re.compile(r"\b(\w{1,40}): ?(0x[0-9a-fA-F]{1,16}|-?\d{1,10})\b")
HEX = re.compile(r"0x[0-9a-f]{1,16}$")
NO_DIMM = re.compile(r"not present\.(?: DMI handle: (0x[0-9a-fA-F]+))?")
DMI_HANDLE = re.compile(r"(?:DIMM )?DMI handle: (0x[0-9a-fA-F]+)")


def severity(*texts: str | None) -> Severity | None:
    """The first of the given severity words that is one: `severity("recoverable", "fatal")` is "recoverable"."""
    return next((SEVERITIES[text] for text in texts if text in SEVERITIES), None)


def granularity(mask: int | None) -> int | None:
    """Bytes that a physical_address_mask leaves open: 0xfffffffffffff000 is 4096; None for an absent or empty mask.

    Firmware sets no bit beyond the processor's address width (0x00003fffffffffc0 is 64), so the lowest set bit counts;
    a mask that vouches for low bits only (0xfff) was written the wrong way round and says nothing.
    """
    return mask & -mask if mask and mask >> 32 else None


def component(section: str | None, error: str | None = None) -> Component:
    """The part of the machine that a section type ("PCIe error") and its error type ("cache error") speak of."""
    name = (section or "").lower()
    found: Component = next((part for word, part in COMPONENTS if word in name), "unknown")
    if found == "processor":
        return next((part for word, part in PROCESSOR_PARTS if word in (error or "").lower()), found)
    return found


def location(text: str | None) -> dict[str, Any]:
    """Coordinates of a location line, or of ghes_edac's copy of it, by name.

    `node:0 card:1 module:0 rank:1 bank_group:2 row:70 column:128 DIMM location: PROC 1 DIMM 3` gives
    `{"node": 0, "card": 1, ..., "dimm": "PROC 1 DIMM 3"}`; `DIMM location: not present. DMI handle: 0x0025` a `handle`.
    """
    coordinates, _, name = (text or "").partition("DIMM location:")
    out: dict[str, Any] = {}
    for key, value in PAIR.findall(coordinates):
        if key != "handle":  # "DIMM DMI handle: 0x0025" is read below
            out[ALIASES.get(key, key)] = value.lower() if value.startswith("0x") else int(value)
    return out | dimm(name) | handle(coordinates)


def dimm(text: str | None) -> dict[str, Any]:
    """`P1 CHANNEL C DIMM 0` as the dimm's name, `not present. DMI handle: 0x0025` as its SMBIOS handle."""
    name = (text or "").strip()
    absent = NO_DIMM.match(name)
    if absent:
        return {"handle": absent[1].lower()} if absent[1] else {}
    return {"dimm": name} if name else {}


def handle(text: str) -> dict[str, Any]:
    """The SMBIOS handle in `DIMM DMI handle: 0x0025` (ghes_edac before 6.1)."""
    found = DMI_HANDLE.search(text)
    return {"handle": found[1].lower()} if found else {}


def processor(fields: dict[str, str]) -> dict[str, Any]:
    """The core that a processor section names: `{"mpidr": "0x81000500"}`; no kernel number, which is not printed."""
    found = {PROCESSORS[name]: HEX.match(value) for name, value in fields.items() if name in PROCESSORS}
    return {name: hex(int(value[0], 16)) for name, value in found.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmError:
    """An error structure of an ARM processor section; `name` is empty for a vendor's own type."""

    name: str = ""
    count: int = 1
    virtual_address: int | None = None
    physical_address: int | None = None


def arm_errors(raw: bytes) -> list[ArmError]:
    """The error structures of a section out of their bytes, 32 for each."""
    whole = len(raw) - len(raw) % ARM_ERROR.size
    found = []
    for _, _, valid, types, more, _, _, virtual, physical in ARM_ERROR.iter_unpack(raw[:whole]):
        found.append(
            ArmError(
                name="|".join(name for bit, name in ARM_TYPES.items() if types >> bit & 1),
                count=more + 1 if valid & ARM_MULTIPLE else 1,
                virtual_address=virtual if valid & ARM_VIRTUAL else None,
                physical_address=physical if valid & ARM_PHYSICAL else None,
            )
        )
    return found


def pci(address: str) -> str:
    """A PCI address with its domain: `17:00.0` is `0000:17:00.0`."""
    return address if address.count(":") > 1 else f"0000:{address}"
