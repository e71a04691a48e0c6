"""Whether a machine is virtual, by what its maker wrote into the DMI table or the device tree."""

from __future__ import annotations

import re

# What hypervisors and clouds write into their guests' tables.
VIRTUAL = re.compile(
    r"QEMU|KVM|VMware|VirtualBox|HVM domU|Virtual Machine|Google Compute Engine|OpenStack|linux,dummy-virt|Bochs"
    r"|(?i:bhyve|seabios)|Alibaba Cloud ECS|Amazon EC2 (?!\S*\.metal)|Standard PC \(|RHEL-AV|OpenShift Virtualization"
    r"|oVirt|Nutanix AHV|Tencent Cloud CVM|DigitalOcean Droplet|vServer|Virtualization Generic Platform"
    r"|hv:(?:phyp|linux,kvm)"  # an LPAR of PowerVM, a guest of KVM on powerpc
)


def virtual(name: str) -> str | None:
    """The words of a machine's name that only a guest has; None for a real machine.

    `QEMU Standard PC (Q35 + ICH9, 2009), BIOS 1.16.3` gives `QEMU`, `Amazon EC2 m7i.metal-24xl` None.
    """
    found = VIRTUAL.search(name)
    return found[0] if found else None
