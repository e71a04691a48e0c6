"""The texts with which the kernel itself says that hardware made it stop."""

from __future__ import annotations

import re

from triage.correlate.consumption import is_machine_check
from triage.model import Crash

PAGE = re.compile(
    r"Memory failure: (?P<pfn>0x[0-9a-f]+): unrecoverable page|Memory failure on page (?P<page>[0-9a-f]+)"
)
EDAC = re.compile(r"^UE .{0,200} on ")  # edac_mc_panic_on_ue=1
EDAC_DEVICE = re.compile(r"EDAC .{0,80}: UE instance")  # panic_on_ue of drivers/edac/edac_device.c
HARDWARE = re.compile(
    r"Fatal hardware error"  # drivers/acpi/apei/ghes.c
    r"|CXL cachemem error"  # drivers/pci/pcie/aer.c, drivers/cxl/core/ras.c
    r"|MCA architectural violation|SCI vector|MCA: .{0,80}(?:fatal|unrecoverable)"  # ia64 and arch/x86 mce
    r"|PCI system error \(SERR\)|NMI:? IOCK error|PCI parity error|EDAC: PCI Parity Error"
    rf"|{EDAC_DEVICE.pattern}"
    r"|mcck: Attempting to kill init"  # arch/s390/kernel/nmi.c
    r"|Unrecoverable (?:Machine|HMI|cache)|Unable to recover from machine check|[Cc]ache error",
)
SERR = re.compile(r"PCI system error \(SERR\)|NMI:? IOCK error|PCI parity error|EDAC: PCI Parity Error")


def panics(crash: Crash) -> list[str]:
    """The texts with which the kernel announced its end."""
    return [text for text in (crash.panic, *crash.header, crash.title) if text]


def said(crash: Crash) -> str:
    """The announcement to quote: the panic's text, else the title, without a full stop."""
    return (crash.panic or crash.title).rstrip(".!")


def declared_page(crash: Crash) -> int | None:
    """The page frame that a `Memory failure` panic names.

    Kernel panic - not syncing: Memory failure: 0x1507: unrecoverable page
    """
    found = next((m for text in panics(crash) if (m := PAGE.search(text))), None)
    return int(found["pfn"] or found["page"], 16) if found else None


def is_edac(crash: Crash) -> bool:
    """Whether EDAC stopped the machine at an uncorrected error.

    Kernel panic - not syncing: UE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0 (channel:1 slot:0 page:0x0 ...)
    """
    return crash.panic is not None and EDAC.search(crash.panic) is not None


def is_edac_device(crash: Crash) -> bool:
    """Whether it did so at an uncorrected error of a cache or another device.

    Kernel panic - not syncing: EDAC xgene-l3: UE instance: l3c0 block l3c0 count: 1 'xgene-edac'
    """
    return crash.panic is not None and EDAC_DEVICE.match(crash.panic) is not None


def is_hardware(crash: Crash) -> bool:
    """Whether the panic, by its own words, reports hardware; machine checks included."""
    return is_edac(crash) or is_machine_check(crash) or any(HARDWARE.search(text) for text in panics(crash))


def is_serr(crash: Crash) -> bool:
    """Whether the PCI bus itself signalled the error."""
    return any(SERR.search(text) for text in panics(crash))
