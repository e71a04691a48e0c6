"""Slot labels from the board's inventory and the BMC's event log."""

from __future__ import annotations

import pytest

from triage.correlate.board import bmc_events, enrich, slots
from triage.correlate.words import dimm
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


@pytest.mark.parametrize(
    ("line", "slot"),
    [
        ("| 02:11:47 | Memory ECC Uncorr Err | Uncorrectable ECC (UnCorrectable ECC |  DIMMA1) | Asserted", "DIMMA1"),
        ("| 02:11:47 | Memory #0x51 | Uncorrectable ECC (Processor 1 DIMM 3) | Asserted", "Processor 1 DIMM 3"),
        ("| 02:11:47 | Memory | Uncorrectable ECC (@DIMMA1(CPU1)) | Asserted", "DIMMA1(CPU1)"),
        ("| 02:11:47 UTC | Memory DIMM 5 | Uncorrectable ECC | Asserted", "DIMM 5"),
        ("| 02:11:47 AM UTC | Memory DIMM 5 Status | Correctable ECC logging limit reached | Asserted", "DIMM 5"),
        ("| 02:11:47 | Memory DIMM_P0_A0 | Uncorrectable ECC | Asserted", "DIMM_P0_A0"),
        ("| 02:11:47 | Memory DDR4_P0_A1 | Correctable ECC | Asserted", "DDR4_P0_A1"),
        ("| 02:11:47 | Memory NODE 1/DIMM 3 | Uncorrectable ECC | Asserted", "NODE 1/DIMM 3"),
        ("| 02:11:47 | Memory All DIMMs | Correctable ECC | Asserted", None),
        ("| 02:11:47 | Memory Mem ECC | Uncorrectable ECC | Asserted | OEM Event Data2 code = 00h", None),
    ],
)
def test_boards_name_their_slots_in_many_ways(line: str, slot: str | None) -> None:
    (event,) = bmc_events(f"  1a | 11/23/2026 {line}\r\n")
    assert (event.slot, event.wall_time) == (slot, AT + 60)


def test_other_clocks_and_other_sensors() -> None:
    assert bmc_events("   c | Pre-Init  |0000000012| Memory #0x53 | Correctable ECC | Asserted\n")[0].wall_time is None
    (evening,) = bmc_events("   d | 11/23/2026 | 02:11:47 PM UTC | Memory | Uncorrectable ECC | Asserted\n")
    assert evening.wall_time == AT + 60 + 12 * 3600
    assert bmc_events("  1c | 11/23/2026 | 02:11:47 | Drive Slot HDD | Parity check failed | Asserted\n") == []


def test_a_locator_that_two_nodes_have_is_told_with_its_bank() -> None:
    twice = DMIDECODE.replace("PROC 1 DIMM 4", "PROC 1 DIMM 3").replace("Locator: Not Specified", "Locator: NODE 1")
    found = label(error(location={"handle": "0x0025"}), SideFile("dmidecode", "dmi", twice.replace("\n", "\r\n")))
    assert found["dimm"] == "NODE 1 PROC 1 DIMM 3"


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


def test_a_module_has_the_name_that_the_firmware_gives_it() -> None:
    fru = {"node": 1, "card": 2, "handle": "0x0011", "fru": "Card02, ChnB, DIMM0"}
    assert dimm(fru) == "the module that the firmware calls Card02, ChnB, DIMM0 (node 1, card 2)"
    assert dimm(fru | {"dimm": "DIMM_B1"}) == "DIMM_B1 (node 1, card 2)"
