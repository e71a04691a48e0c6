"""Slot labels from the board's inventory and the BMC's event log."""

from __future__ import annotations

from triage.correlate.board import bmc_events, enrich, slots
from triage.inputs import SideFile
from triage.model import Boot, HardwareError

DMIDECODE = """# dmidecode 3.4
Handle 0x0025, DMI type 17, 92 bytes
Memory Device
\tArray Handle: 0x0023
\tSize: 32 GB
\tLocator: PROC 1 DIMM 3
\tBank Locator: Not Specified
\tSerial Number: 4711AB
\tPart Number: X393A4K40

Handle 0x0026, DMI type 17, 92 bytes
Memory Device
\tSize: No Module Installed
\tLocator: PROC 1 DIMM 4
"""
SEL = """   3 | 11/23/2026 | 02:10:00 | Power Supply #0x51 | Presence detected | Asserted
   4 | 11/23/2026 | 02:11:47 | Memory #0x53 | Uncorrectable ECC (DIMM_B1) | Asserted
   5 | 11/23/26 | 02:20:47 | Memory DIMM_A2 | Correctable ECC | Asserted
   6 | 11/23/26 | 02:20:48 | Memory DIMM_A2 | Correctable ECC | Deasserted
"""
AT = 1795399907.0 - 60  # a minute before the BMC's clock says 2026-11-23 02:11:47 UTC


def error(**fields: object) -> HardwareError:
    common = {
        "kind": "ghes",
        "source": "x",
        "first_line": 1,
        "last_line": 9,
        "component": "memory",
        "what": "multi-bit ECC",
    }
    return HardwareError(**(common | {"severity": "recoverable"} | fields))  # type: ignore[arg-type]


def label(found: HardwareError, *side: SideFile) -> dict[str, object]:
    (event,) = enrich(Boot(events=(found,)), side).events
    assert isinstance(event, HardwareError)
    return event.location


def test_inventory_and_event_log_are_read() -> None:
    assert slots(DMIDECODE)["0x0025"] == {
        "size": "32 GB", "locator": "PROC 1 DIMM 3", "serial_number": "4711AB", "part_number": "X393A4K40"
    }  # fmt: skip
    first, second = bmc_events(SEL)
    assert (first.slot, first.event, first.wall_time) == ("DIMM_B1", "Uncorrectable ECC (DIMM_B1)", AT + 60)
    assert second.slot == "DIMM_A2"


def test_a_handle_becomes_a_label() -> None:
    dmi = SideFile("dmidecode", "dmi", DMIDECODE)
    assert label(error(location={"handle": "0x0025"}), dmi)["dimm"] == "PROC 1 DIMM 3"
    assert label(error(location={"handle": "0x0099"}), dmi) == {"handle": "0x0099"}
    assert label(error(location={"dimm": "DIMM_X", "handle": "0x0025"}), dmi)["dimm"] == "DIMM_X"


def test_a_bmc_event_labels_only_what_it_can_be() -> None:
    sel = SideFile("sel", "sel", SEL)
    assert label(error(wall_time=AT), sel)["dimm"] == "DIMM_B1"
    assert "dimm" not in label(error(wall_time=AT, severity="corrected"), sel)
    assert "dimm" not in label(error(wall_time=AT - 3600), sel)
    assert "dimm" not in label(error(), sel)
    assert [n.text for n in enrich(Boot(events=(error(),)), [sel]).notes] == [
        "BMC event log: 1 x Uncorrectable ECC (DIMM_B1) at DIMM_B1",
        "BMC event log: 1 x Correctable ECC at DIMM_A2",
    ]


def test_another_host_s_files_are_left_alone() -> None:
    boot = Boot(events=(error(location={"handle": "0x0025"}),), host="a")
    assert enrich(boot, [SideFile("b/dmidecode", "dmi", DMIDECODE, host="b")]) == boot
