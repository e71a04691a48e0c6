"""Where the lab keeps what it downloads and makes: nothing of it lies in the repository."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
GUEST = HERE / "guest"
CASES = HERE / "cases.toml"
PACKAGES = HERE / "packages.txt"
CACHE_VARIABLE = "VMTRIAGE_LAB"


def cache() -> Path:
    """The cache directory: $VMTRIAGE_LAB, else ~/.cache/vmtriage-lab.

    roots/KERNEL    packages unpacked: kernel, modules, headers, compiler, busybox
    images/KERNEL   what QEMU loads: vmlinuz, initrd, initrd-kdump
    runs/CASE       truth.json, serial.log and the cores
    """
    return Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache" / "vmtriage-lab")


def roots() -> Path:
    """The folder of unpacked package roots."""
    return cache() / "roots"


def images() -> Path:
    """The folder of what QEMU loads."""
    return cache() / "images"


def runs() -> Path:
    """The folder of finished cases."""
    return cache() / "runs"
