"""The kernels of the lab: packages unpacked by mmdebstrap into the cache, one root each.

Meta packages are named here, never versions: what a mirror holds today is what is used, and the
release found is read from the unpacked root. Nothing is installed and no maintainer script runs.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .paths import roots
from .shell import run

MIRROR = "http://deb.debian.org"
BULLSEYE = ("debian bullseye", "debian-security bullseye-security")
BOOKWORM = ("debian bookworm", "debian bookworm-updates", "debian-security bookworm-security")
TRIXIE = ("debian trixie", "debian trixie-backports")
COMPILER = ("gcc", "libc6-dev", "make")
# what `make` and the kernel's scripts call, and the guest's user space
SHELL = ("bash", "busybox-static", "coreutils", "dash", "diffutils", "findutils", "gawk", "grep", "perl-base", "sed")


@dataclass(frozen=True)
class Kernel:
    """One kernel: where its packages come from.

    name      as cases.toml calls it
    sources   "archive suite" pairs; the first names the release of the root
    packages  meta packages: image, headers (where a module is built) and tools
    prefer    suite that wins where two hold a package (backports)
    cross     whether its root is of this machine's architecture and holds a cross compiler
    """

    name: str
    arch: str
    sources: tuple[str, ...]
    packages: tuple[str, ...]
    prefer: str = ""
    cross: bool = False

    @property
    def root(self) -> Path:
        """The unpacked packages."""
        return roots() / self.name

    @property
    def release(self) -> str:
        """uname -r of the kernel that was unpacked, e.g. 6.12.117+deb12-cloud-amd64."""
        found = sorted(path.name for path in (self.root / "usr/lib/modules").glob("*")) or sorted(
            path.name for path in (self.root / "lib/modules").glob("*")
        )
        if len(found) != 1:
            raise LabError(f"{self.name}: expected one kernel under {self.root}, found {found}")
        return found[0]

    @property
    def modules(self) -> Path:
        """The kernel's own modules."""
        merged = self.root / "usr/lib/modules" / self.release
        return merged if merged.is_dir() else self.root / "lib/modules" / self.release

    @property
    def vmlinuz(self) -> Path:
        """The boot image: in /boot, or beside the modules since Debian split its image packages (7.x)."""
        in_boot = self.root / "boot" / f"vmlinuz-{self.release}"
        return in_boot if in_boot.exists() else self.modules / "vmlinuz"


def _x86(name: str, sources: tuple[str, ...], image: str, headers: str, prefer: str = "") -> Kernel:
    return Kernel(name, "x86_64", sources, (*COMPILER, *SHELL, image, headers), prefer)


def _arm64(name: str, image: str, headers: str, prefer: str) -> Kernel:
    """An arm64 kernel whose module is built by the cross compiler of an amd64 root.

    The headers of older releases ask for one that runs on arm64.
    """
    tools = ("gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "make", *SHELL)
    packages = (*(tool for tool in tools if tool != "busybox-static"), *(f"{p}:arm64" for p in (image, headers)))
    return Kernel(name, "arm64", TRIXIE, (*packages, "busybox-static:arm64"), prefer, cross=True)


KERNELS = {
    kernel.name: kernel
    for kernel in (
        # the cloud flavour of 6.1 has no MEMORY_FAILURE: hence the generic one
        _x86("6.1", BOOKWORM, "linux-image-amd64", "linux-headers-amd64"),
        _x86("6.12", BOOKWORM, "linux-image-6.12-cloud-amd64", "linux-headers-6.12-cloud-amd64"),
        # the first with vm.panic_on_unrecoverable_memory_failure
        _x86("7.3", TRIXIE, "linux-image-cloud-amd64", "linux-headers-cloud-amd64", "trixie-backports"),
        _x86("5.10", BULLSEYE, "linux-image-amd64", "linux-headers-amd64"),
        _x86("6.12-generic", TRIXIE, "linux-image-amd64", "linux-headers-amd64"),
        _x86("6.12-rt", TRIXIE, "linux-image-rt-amd64", "linux-headers-rt-amd64"),
        Kernel("6.12-arm64", "arm64", BOOKWORM, ("busybox-static", "linux-image-6.12-cloud-arm64")),
        _arm64("7.3-arm64-16k", "linux-image-arm64-16k", "linux-headers-arm64-16k", "trixie-backports"),
        _arm64("7.3-arm64", "linux-image-cloud-arm64", "linux-headers-cloud-arm64", "trixie-backports"),
    )
}

# makedumpfile before 1.7.6 silently drops slab pages of 6.12 cores and knows no zstd
TOOLS = Kernel("tools", "x86_64", TRIXIE, ("kexec-tools", "makedumpfile"))
TOOLS_ARM64 = Kernel("tools-arm64", "arm64", TRIXIE, ("kexec-tools", "makedumpfile"))


def fetch(kernel: Kernel) -> Path:
    """Unpack the packages of `kernel` (about 10 s and 160-800 MB) unless that was done before."""
    if kernel.root.is_dir():
        return kernel.root
    partial = kernel.root.with_name(kernel.root.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    keyring = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
    lines = [f"deb {keyring} {MIRROR}/{archive} {suite} main" for archive, suite in map(str.split, kernel.sources)]
    options = [f'--aptopt=APT::Default-Release "{kernel.prefer}"'] if kernel.prefer else []
    architecture = {"x86_64": "amd64", "arm64": "amd64,arm64" if kernel.cross else "arm64"}[kernel.arch]
    command = ["mmdebstrap", "--variant=extract", "--skip=check/qemu", f"--architectures={architecture}", *options]
    suite = kernel.sources[0].split()[1]
    run([*command, "--include=" + ",".join(kernel.packages), suite, str(partial), *lines])
    partial.rename(kernel.root)
    return kernel.root


def vmlinux(kernel: Kernel) -> Path:
    """Unpack the kernel's debug symbols (0.3-0.9 GB of download) beside it and return its vmlinux."""
    fetch(kernel)
    symbols = Kernel(f"{kernel.name}-dbg", kernel.arch, kernel.sources, (f"linux-image-{kernel.release}-dbg",))
    fetch(symbols)
    debug = symbols.root / "usr/lib/debug"
    found = next(debug.rglob("vmlinux*"))
    for modules in debug.rglob("kernel"):
        shutil.rmtree(modules, ignore_errors=True)  # 1.5 GB that nobody asks for
    return found


def in_root(kernel: Kernel, *command: str) -> str:
    """Run a command of the unpacked root in it (chroot, with /proc: objtool reads /proc/self/limits)."""
    if os.geteuid() != 0:
        raise LabError("building the guest's module takes root (chroot)")
    _finish_unpacked(kernel.root)
    script = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"'
    return run(["unshare", "--mount", "sh", "-c", script, "sh", kernel.root, *command])


def _finish_unpacked(root: Path) -> None:
    """The two links that maintainer scripts would have made and that `make` cannot do without."""
    for name, target in (("sh", "dash"), ("awk", "gawk")):
        link = root / "usr/bin" / name
        if not link.is_symlink() and not (root / "bin" / name).exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(f"/bin/{target}" if (root / "bin" / target).exists() else f"/usr/bin/{target}")
