"""Guests of every hypervisor are known by their machine's name, and real machines are not taken for one."""

from __future__ import annotations

import pytest

from triage.inputs import LogText
from triage.logs.decode.machine import virtual
from triage.logs.parse import Parser
from triage.pipeline import judge_logs


@pytest.mark.parametrize(
    "name",
    [
        "QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.3-2 04/01/2014",
        "VMware, Inc. VMware20,1/440BX Desktop Reference Platform, BIOS VMW201.00V 11/17/2025",
        "Microsoft Corporation Virtual Machine/Virtual Machine, BIOS Hyper-V UEFI Release v4.1 03/08/2024",
        "Xen HVM domU, BIOS 4.17 01/01/2026",
        "innotek GmbH VirtualBox/VirtualBox, BIOS VirtualBox 12/01/2006",
        "Amazon EC2 m7i.large/, BIOS 1.0 10/16/2017",
        "Google Google Compute Engine/Google Compute Engine, BIOS Google 11/17/2025",
        "oVirt RHEL/RHEL-AV, BIOS 1.16.1 04/01/2014",
        "Nutanix AHV, BIOS 1.16.3 04/01/2014",
        "Tencent Cloud CVM, BIOS seabios-1.9.1 04/01/2014",
        "Hetzner vServer/Standard PC (Q35 + ICH9, 2009), BIOS 20171111 11/11/2017",
        "Apple Inc. Apple Virtualization Generic Platform, BIOS 2069.40",
        "BHYVE BHYVE, BIOS 14.0 10/17/2021",
        "IBM,9105-22A POWER10 (architected) 0x800200 0xf000006 of:IBM,FW1060.00 hv:phyp pSeries",
        "linux,dummy-virt",
    ],
)
def test_a_guest(name: str) -> None:
    assert virtual(name)


@pytest.mark.parametrize(
    "name",
    [
        "Amazon EC2 m7i.metal-24xl/Not Specified, BIOS 1.0 10/16/2017",
        "Dell Inc. PowerEdge R650/0ABC12, BIOS 1.9.2 11/17/2025",
        "Microsoft Corporation C2080/C2080, BIOS C2080.BS.1A22.AG2 11/17/2025",
        "Oracle Corporation ORACLE SERVER X8-2/ASM, BIOS 51.0 11/17/2025",
        "IBM 8335-GTH POWER9 0x4e1202 opal:skiboot-v6.3.1 PowerNV",
        "Raspberry Pi 4 Model B Rev 1.4",
    ],
)
def test_a_real_machine(name: str) -> None:
    assert virtual(name) is None


def test_an_excerpt_of_a_guest_does_not_have_its_module_replaced() -> None:
    log = """[  100.000001] EDAC MC0: 1 UE read error on DIMM_A1 (channel:1 slot:0 page:0x1c7a05 offset:0x240 grain:32)
[  100.000002] Kernel panic - not syncing: UE read error on DIMM_A1 (channel:1 slot:0 page:0x1c7a05 offset:0x240)
[  100.000003] CPU: 1 UID: 0 PID: 0 Comm: swapper/1 Not tainted 6.12.9 #1
[  100.000004] Hardware name: QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.3-2 04/01/2014
[  100.000005] Call Trace:
[  100.000006]  panic+0x348/0x3b0
"""
    text = LogText("console", log.encode())
    (case,) = judge_logs([(text, list(Parser(text).events()))])
    (replace,) = [action.text for action in case.actions if action.kind == "replace"]
    assert "virtual machine" in replace
