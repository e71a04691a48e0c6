"""What can be poisoned: how each kind of page is made in the guest, and what is then known of it.

The kind follows from the interface the guest used (its module, mmap, a free list). Add a kind
here: one entry of KINDS.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .errors import LabError
from .qemu import Shell

NAMES = "/srv/names"
NAME_COUNT = 3000
VICTIM_NAME = "victim-01500"
# bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h)
KPF_BUDDY = 10
KPF_RESERVED = 32


@dataclass
class Victim:
    """A page to be poisoned.

    kind     as in the table of cases: dentry, slab-tail, vmalloc ...
    type     what a right analysis calls the page: slab, page-table, kernel-stack ...
    pfn      page frame number
    object   virtual address of the object on it, or None
    page     its address in the linear map, or None
    details  cache, path, ino, pid, comm, symbol, resource: as far as they apply
    """

    kind: str
    type: str
    pfn: int
    object: int | None = None
    page: int | None = None
    details: dict[str, str | list[str]] = field(default_factory=dict)
    innocent: bool = False
    flags_before: str = ""
    flags_after: str = ""
    shift: int = 12

    @property
    def line(self) -> int:
        """Physical address of the cache line that is said to be bad: the object's first."""
        return self.pfn << self.shift | (self.object or 0) & ((1 << self.shift) - 64)


def guilty(made: Sequence[Victim]) -> Victim:
    """The page that the death is about; the others are innocent."""
    return next(victim for victim in made if not victim.innocent)


Answer = dict[str, str]


def _words(line: str) -> Answer:
    return dict(word.split("=", 1) for word in line.split() if "=" in word)


def _module(request: str) -> Callable[[Shell], Answer]:
    """Ask the guest's module for an object."""
    return lambda shell: _words(shell.run(f"echo '{request}' >/proc/crashlab && cat /proc/crashlab"))


def _named(request: str, **details: str) -> Callable[[Shell], Answer]:
    """An object of a name the guest looked up before."""
    return lambda shell: _module(request)(shell) | details


def _holder(kind: str, path: str = "", before: str = ":") -> Callable[[Shell], Answer]:
    """A process that maps the page and sleeps."""

    output = f"/tmp/{kind}"
    wait = f"i=0; while [ ! -s {output} ] && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done; cat {output}"

    def make(shell: Shell) -> Answer:
        shell.run(before)
        shell.run(f"labtool hold {kind} {path} >{output} 2>&1 </dev/null 3<&- &")
        return _words(shell.run(wait)) | ({"path": path} if path else {})

    return make


def _free(shell: Shell) -> Answer:
    """The head of a free block in the middle of the longest list of them."""
    runs = shell.run(f"labtool find {KPF_BUDDY}").splitlines()
    return {"pfn": runs[len(runs) * 3 // 4].split("-")[0]}


def _reserved(shell: Shell) -> Answer:
    """A reserved page in the middle of the longest run of them that is System RAM but not the kernel's image."""
    resources = _resources(shell.run("cat /proc/iomem"), _shift(shell))
    longest = max(_runs(shell.run(f"labtool find {KPF_RESERVED}"), resources), key=lambda run: run[1] - run[0])
    pfn = sum(longest) // 2
    innermost = [name for start, end, name in resources if start <= pfn <= end][-1]
    return {"pfn": hex(pfn), "resource": innermost}


def _shift(shell: Shell) -> int:
    """log2 of the guest's page size."""
    return int(shell.run("labtool shift"))


def _resources(iomem: str, shift: int) -> list[tuple[int, int, str]]:
    """/proc/iomem as (first PFN, last PFN, name)."""
    lines = re.findall(r"^ *(\w+)-(\w+) : (.+)$", iomem, re.MULTILINE)
    return [(int(start, 16) >> shift, int(end, 16) >> shift, name) for start, end, name in lines]


def _runs(listed: str, resources: list[tuple[int, int, str]]) -> list[tuple[int, int]]:
    runs = [(int(a, 16), int(b, 16)) for a, b in (line.split("-") for line in listed.splitlines())]
    image = [(a, b) for a, b, name in resources if name.startswith("Kernel ") or "Crash kernel" in name]
    ram = [(a, b) for a, b, name in resources if name == "System RAM"]
    fits = [run for run in runs if any(a <= run[0] and run[1] <= b for a, b in ram)]
    free = [run for run in fits if not any(a <= run[1] and run[0] <= b for a, b in image)]
    if not free:
        raise LabError("no reserved page outside the kernel image")
    return free


@dataclass(frozen=True)
class Kind:
    """How a kind is made, and the name of its page type."""

    type: str
    make: Callable[[Shell], Answer]
    cache: str = ""


_PATH = f"{NAMES}/{VICTIM_NAME}"
# a file system in memory that the kernel takes for a persistent one, whose pages files map directly
_DAX = "dd if=/dev/vda of=/dev/pmem0 bs=1M count=24 2>/dev/null && mount -t ext4 -o dax /dev/pmem0 /mnt"
_CGROUP = (
    "mkdir /cg && mount -t cgroup2 none /cg && echo +memory >/cg/cgroup.subtree_control && mkdir /cg/lab"
    " && echo $$ >/cg/lab/cgroup.procs"  # the shell itself: what it starts from now on is charged
)


def _large(request: str) -> Callable[[Shell], Answer]:
    """kmalloc() of four pages: slab caches end at two."""
    return lambda shell: _module(f"{request} {4 << _shift(shell)}")(shell)


def _charged(shell: Shell) -> Answer:
    """A dentry whose memory is charged to a memory cgroup."""
    shell.run(_CGROUP)
    shell.run("mkdir /srv/charged && labtool names /srv/charged 300")
    path = "/srv/charged/victim-00150"
    return _module(f"dentry {path}")(shell) | {"path": path, "memcg": "/lab"}


KINDS: dict[str, Kind] = {
    "dentry": Kind("slab", _named(f"dentry {_PATH}", path=_PATH), "dentry"),
    "charged-dentry": Kind("slab", _charged, "dentry"),
    "inode": Kind("slab", _named(f"inode {_PATH}", path=_PATH), "shmem_inode_cache"),
    "kmalloc": Kind("slab", _module("kmalloc 512"), "kmalloc-512"),
    "slab-tail": Kind("slab", _module("slab-tail"), "kmalloc-4k"),
    "merged-cache": Kind("slab", _module("merged-cache"), "lab_merged"),
    "own-cache": Kind("slab", _module("own-cache"), "lab_own"),
    "large-kmalloc": Kind("large-kmalloc", _large("kmalloc")),
    "large-kmalloc-tail": Kind("large-kmalloc", _large("kmalloc-tail")),
    "page-table": Kind("page-table", _holder("page-table")),
    "stack": Kind("kernel-stack", _module("stack")),
    "vmalloc": Kind("vmalloc", _named("vmalloc", caller="make_vmalloc")),
    "percpu": Kind("percpu", _module("percpu")),
    "text": Kind("kernel-image", _module("text")),
    "data": Kind("kernel-image", _module("data")),
    "module": Kind("vmalloc", _module("module")),
    "pages": Kind("kernel-other", _module("pages")),
    "pages-tail": Kind("kernel-other", _module("pages-tail")),
    "reserved": Kind("reserved", _reserved),
    "buddy": Kind("free", _free),
    "anon": Kind("anonymous", _holder("anon")),
    "thp": Kind("anonymous", _holder("thp")),
    "tmpfs": Kind("page-cache", _holder("file-dirty", "/srv/big")),
    "pagecache": Kind("page-cache", _holder("file-clean", "/mnt/data", "mount -t ext4 /dev/vda /mnt")),
    "dax": Kind("zone-device", _holder("file-dirty", "/mnt/data", _DAX)),
    "hugetlb": Kind("hugetlb", _holder("hugetlb", "", "echo 4 >/proc/sys/vm/nr_hugepages")),
}
NEEDS_DISK = {"pagecache", "dax"}
NEEDS_PMEM = {"dax"}


def make(shell: Shell, kind: str) -> Victim:
    """Have the guest make a page of `kind` and tell where it is."""
    known = KINDS[kind]
    answer = known.make(shell)
    if "pfn" not in answer:
        raise LabError(f"the guest could not make a page of kind {kind}: {answer}")
    pfn = int(answer.pop("pfn"), 0)
    addresses = {name: int(answer.pop(name, "0"), 0) or None for name in ("object", "page")}
    details: dict[str, str | list[str]] = dict(answer)
    if known.cache:
        details |= {"cache": known.cache, "aliases": _aliases(shell, known.cache)}
    flags = shell.run(f"labtool flags {pfn:#x}")
    shift = _shift(shell)
    return Victim(
        kind, known.type, pfn, addresses["object"], addresses["page"], details, flags_before=flags, shift=shift
    )


def _aliases(shell: Shell, cache: str) -> list[str]:
    """All names of a cache: those that sysfs links to the same merged one."""
    script = (
        f"cd /sys/kernel/slab; me=$(readlink -f {cache}); "
        'for c in *; do case $c in :*) ;; *) [ "$(readlink -f $c)" = "$me" ] && echo $c;; esac; done; true'
    )
    return shell.run(script).splitlines()
