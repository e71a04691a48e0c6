"""The guests' initramfs images, built once for each kernel and again when a guest source changes."""

import hashlib
import lzma
import re
import shutil
from pathlib import Path

from .errors import LabError
from .kernels import TOOLS, TOOLS_ARM64, Kernel, fetch, in_root
from .paths import GUEST, images
from .shell import run

# qemu_fw_cfg writes VMCOREINFO's address to QEMU: without it a QMP dump has no such note;
# crc32c_generic is what ext4 asks for by name where it is a module
MODULES = ("qemu_fw_cfg", "hwpoison-inject", "virtio_pci", "virtio_blk", "crc32c_generic", "ext4", "nd_e820", "nd_pmem")


def build(kernel: Kernel, kdump: bool) -> Path:
    """The initramfs of `kernel`; with `kdump` also kexec, the capture kernel and its own initramfs."""
    fetch(kernel)
    target = images() / kernel.name / ("initrd-kdump" if kdump else "initrd")
    stamp = target.with_suffix(".stamp")
    wanted = _fingerprint(kernel)
    if target.exists() and stamp.exists() and stamp.read_text() == wanted:
        return target
    tree = images() / kernel.name / "tree"
    _fill_tree(kernel, tree)
    archive = _pack(tree)
    if kdump:
        extra = images() / kernel.name / "kdump-tree"
        _fill_kdump_tree(kernel, tree, extra)
        archive += _pack(extra)
    target.write_bytes(archive)
    stamp.write_text(wanted)
    return target


def _fingerprint(kernel: Kernel) -> str:
    digest = hashlib.sha256(repr((kernel.release, MODULES)).encode())
    for source in sorted(path for path in GUEST.rglob("*") if path.is_file()):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _fill_tree(kernel: Kernel, tree: Path) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "modules", "dev", "proc", "sys"):
        (tree / folder).mkdir(parents=True)
    _copy(_first(kernel.root, "usr/bin/busybox", "bin/busybox"), tree / "bin/busybox")
    _copy(GUEST / "init", tree / "init")
    order = _copy_modules(kernel, tree / "modules")
    if kernel.arch == "x86_64" or kernel.cross:
        _compile_in_root(kernel, tree)
        order.append("crashlab.ko")
    else:
        cross = ["aarch64-linux-gnu-gcc", "-O2", "-static", "-o"]
        run([*cross, tree / "bin/labtool", GUEST / "labtool.c"])
        run([*cross, tree / "bin/objectstore", GUEST / "objectstore.c"])
    (tree / "modules/order").write_text("\n".join(order) + "\n")


def _compile_in_root(kernel: Kernel, tree: Path) -> None:
    """Build the module and labtool with the compiler and headers of the kernel's own root."""
    work = kernel.root / "lab"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(GUEST / "module", work)
    shutil.copy(GUEST / "labtool.c", work)
    prefix = "aarch64-linux-gnu-" if kernel.cross else ""
    cross = ["ARCH=arm64", f"CROSS_COMPILE={prefix}"] if kernel.cross else []
    in_root(kernel, "make", "-s", *cross, "-C", f"/usr/src/linux-headers-{kernel.release}", "M=/lab", "modules")
    in_root(kernel, f"{prefix}gcc", "-O2", "-static", "-o", "/lab/labtool", "/lab/labtool.c")
    in_root(kernel, f"{prefix}strip", "--strip-debug", "/lab/crashlab.ko")
    _copy(work / "crashlab.ko", tree / "modules/crashlab.ko")
    _copy(work / "labtool", tree / "bin/labtool")


def _copy_modules(kernel: Kernel, target: Path) -> list[str]:
    """Copy MODULES and what they depend on; return the order to load them in."""
    merged_usr = kernel.root / "usr" if kernel.modules.is_relative_to(kernel.root / "usr") else kernel.root
    run(["depmod", "--basedir", merged_usr, kernel.release])
    depends = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        path, _, after = line.partition(":")
        depends[_module_name(path)] = (path, after.split())
    order: list[str] = []
    for name in MODULES:
        if name not in depends:
            continue  # built into this kernel
        path, needs = depends[name]
        for wanted in [*reversed(needs), path]:
            plain = _module_name(wanted) + ".ko"
            if plain not in order:
                (target / plain).write_bytes(_unxz(kernel.modules / wanted))
                order.append(plain)
    return order


def _module_name(path: str) -> str:
    return re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1])


def _unxz(path: Path) -> bytes:
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def _fill_kdump_tree(kernel: Kernel, guest_tree: Path, tree: Path) -> None:
    """/kdump of the guest: kexec, the kernel to start and the initramfs that saves the dump."""
    shutil.rmtree(tree, ignore_errors=True)
    capture = tree.with_name("capture-tree")
    shutil.rmtree(capture, ignore_errors=True)
    (capture / "bin").mkdir(parents=True)
    shutil.copytree(guest_tree / "modules", capture / "modules")
    _copy(guest_tree / "bin/busybox", capture / "bin/busybox")
    _copy(GUEST / "capture-init", capture / "init")
    if kernel.arch == "x86_64":  # makedumpfile refuses Debian's arm64 kernels (diskdump.py): there it is a copy
        _copy_program(kernel, "makedumpfile", capture / "kdump")
    _copy_program(kernel, "kexec", tree / "kdump")
    (tree / "kdump/initrd").write_bytes(_pack(capture))
    _copy(kernel.vmlinuz, tree / "kdump/vmlinuz")


def _copy_program(kernel: Kernel, name: str, target: Path) -> None:
    """A dynamic program of the tools root with its libraries and a wrapper that starts it from anywhere."""
    tools = TOOLS if kernel.arch == "x86_64" else TOOLS_ARM64
    fetch(tools)
    loader = "ld-linux-x86-64.so.2" if kernel.arch == "x86_64" else "ld-linux-aarch64.so.1"
    library_folder = tools.root / "usr/lib" / ("x86_64-linux-gnu" if kernel.arch == "x86_64" else "aarch64-linux-gnu")
    program = _first(tools.root, f"usr/sbin/{name}", f"usr/bin/{name}")
    for library in _needed(program, library_folder):
        _copy(library_folder / library, target / "lib" / library)
    _copy(library_folder / loader, target / "lib" / loader)
    _copy(program, target / "lib" / name)
    wrapper = target / name
    wrapper.write_text(f'#!/bin/sh\nexec /kdump/lib/{loader} --library-path /kdump/lib /kdump/lib/{name} "$@"\n')
    wrapper.chmod(0o755)


def _needed(program: Path, folder: Path) -> list[str]:
    """The shared libraries of a program, transitively, by their NEEDED entries (readelf, any architecture)."""
    seen: list[str] = []
    todo = [program]
    while todo:
        listed = run(["readelf", "--dynamic", "--wide", todo.pop()])
        for library in re.findall(r"\(NEEDED\).*\[([^]]+)\]", listed):
            if library not in seen and (folder / library).exists():
                seen.append(library)
                todo.append(folder / library)
    return seen


def _first(root: Path, *names: str) -> Path:
    for name in names:
        if (root / name).exists():
            return root / name
    raise LabError(f"none of {', '.join(names)} under {root}")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755)


def acpi_upgrade(table: bytes) -> bytes:
    """An uncompressed archive that, first in the initrd, hands the kernel an ACPI table."""
    tree = images() / "acpi-tree"
    (tree / "kernel/firmware/acpi").mkdir(parents=True, exist_ok=True)
    (tree / "kernel/firmware/acpi/hest.aml").write_bytes(table)
    archive = images() / "acpi.cpio"
    run(["sh", "-c", 'cd "$1" && find kernel | cpio -o -H newc --quiet >"$2"', "sh", tree, archive])
    return archive.read_bytes()


def _pack(tree: Path) -> bytes:
    """A gzip-compressed cpio archive of a folder, as the kernel takes for an initramfs."""
    archive = tree.with_name(tree.name + ".cpio.gz")
    run(["sh", "-c", 'cd "$1" && find . | cpio -o -H newc --quiet | gzip -1 >"$2"', "sh", tree, archive])
    return archive.read_bytes()
