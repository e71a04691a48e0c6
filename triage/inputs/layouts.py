"""Where tools leave crashes and logs: which files of a tree are of use, and what their place tells of the machine.

A new layout is one entry in LAYOUTS. Files that belong to no layout are looked at one by one.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import PurePosixPath

from triage.errors import InputError
from triage.inputs import pstore
from triage.inputs.archives import Member
from triage.inputs.blob import Facts

FOLDERS_MAX = 64  # one in another; deeper ones are a trap
FACT_MAX = 64 << 10  # bytes of a file that tells a host or a kernel
IP = re.compile(r"[\d.]+|[0-9a-f]*:[0-9a-f:]*|localhost")
# 127.0.0.1-2026-11-23-02:11:47 (kdump-utils), 2026-11-23-02-11 (SUSE), 202611230211 (Debian)
STAMP = re.compile(r"(?:(?P<host>.+?)-)?(\d{4})-?(\d\d)-?(\d\d)-?(\d\d)[:-]?(\d\d)(?:[:-]?(\d\d))?(?:-\d+)?")
UNAME = re.compile(r"(?m)^Linux (?P<host>\S+) (?P<kernel>\d{1,3}\.\d{1,4}\S*) ")
KERNEL_LINE = re.compile(r"(?mi)^kernel version\s*:\s*(?:Linux version )?(\d\S+)")
CRASH_TIME = re.compile(r"(?mi)^crash time\s*:\s*(\d{4})-(\d\d)-(\d\d)[ -](\d\d)[:-](\d\d)")


@dataclass(frozen=True, slots=True)
class Layout:
    """One way of filing crashes and logs; patterns are for paths below its root folder."""

    name: str
    where: str  # where it is met
    sign: str  # a file that only this layout has
    wanted: tuple[tuple[str, ...], ...] = ()  # each: alternatives that hold the same, the best first
    unwanted: str = r"(?!)"
    all_wanted: bool = True  # whether files that are not named here are looked at too
    facts: tuple[tuple[str, Callable[[str], Facts]], ...] = ()  # (file, what its text tells)
    folder: Callable[[str], Facts] = lambda name: Facts()  # what the name of the root folder tells


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to open: a file, or the records of a pstore that belong together."""

    name: str
    members: tuple[Member, ...]
    facts: Facts
    guessed: bool  # no layout asked for it
    records: bool = False


@dataclass(slots=True)
class Plan:
    """What is opened, in order, and what is not."""

    chosen: list[Choice] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def from_hostname(text: str) -> Facts:
    """`db7.example.org`"""
    return Facts(host=text.split()[0] if text.split() else None)


def from_uname(text: str) -> Facts:
    """`Linux db7 6.12.0-2-amd64 #1 SMP ...`, wherever it stands."""
    found = UNAME.search(text)
    return Facts(host=found["host"], kernel=found["kernel"]) if found else Facts()


def from_kernel(text: str) -> Facts:
    """`6.12.0-2-amd64`"""
    return Facts(kernel=text.split()[0] if text.split() else None)


def from_seconds(text: str) -> Facts:
    """`1795399907`"""
    return Facts(wall=float(text)) if text.strip().isdigit() and len(text) < 15 else Facts()


def from_readme(text: str) -> Facts:
    """`Kernel version  : 6.4.0-150600.21-default` and `Crash time : 2026-11-23 02:11 (+0000)`."""
    kernel, time = KERNEL_LINE.search(text), CRASH_TIME.search(text)
    return Facts(kernel=kernel[1] if kernel else None, wall=seconds(time.groups()) if time else None)


def from_folder(name: str) -> Facts:
    """`127.0.0.1-2026-11-23-02:11:47`, `db7-2026-11-23-02-11`, `202611230211`; the clock's zone is not known."""
    found = STAMP.fullmatch(name)
    if found is None:
        return Facts()
    host = found["host"]
    return Facts(host=host if host and not IP.fullmatch(host) else None, wall=seconds(found.groups()[1:]))


def seconds(parts: Iterable[str | None]) -> float | None:
    """Unix seconds of year, month, day, hour, minute; None if there is no such day."""
    year, month, day, hour, minute, *rest = (int(part or 0) for part in parts)
    if not (1990 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):
        return None
    return float(timegm((year, month, day, hour, minute, rest[0] if rest else 0, 0, 0, 0)))


LAYOUTS = (
    Layout(
        name="sos",
        where="sosreport-<host>-<date>-<id>.tar.xz (sos 4)",
        sign=r"sos_commands/.+",
        wanted=(
            (r"sos_commands/kernel/dmesg", r"sos_commands/kernel/dmesg_-T", r"var/log/dmesg"),
            (r"sos_commands/logs/journalctl_--no-pager", r"sos_commands/logs/journalctl_--no-pager_.*boot.*"),
            (r"var/log/messages.*", r"var/log/kern\.log.*", r"var/log/syslog.*"),
            (r"var/lib/rasdaemon/.+\.db",),
            (r"var/log/mcelog",),
            (r"sos_commands/ipmitool/ipmitool_.*sel_elist", r"sos_commands/ipmitool/ipmitool_.*sel_list"),
            (r"sos_commands/hardware/dmidecode", r"dmidecode"),
            (r"var/crash/[^/]+/dmesg\.\d+",),
            (r"var/lib/systemd/pstore/.*dmesg\.txt",),
            # Of logs over its size limit sos keeps the end here, and a link where the whole would have stood.
            (r"sos_strings/(?:logs|kernel)/.+\.tailed",),
        ),
        all_wanted=False,
        facts=(
            (r"sos_commands/host/hostname|hostname", from_hostname),
            (r"sos_commands/kernel/uname_-a|uname", from_uname),
        ),
    ),
    Layout(
        name="supportconfig",
        where="scc_<host>_<date>.txz (SUSE)",
        sign=r"basic-environment\.txt|supportconfig\.txt",
        wanted=((r"boot\.txt",), (r"messages\.txt",), (r"crash\.txt",), (r"hardware\.txt",)),
        all_wanted=False,
        facts=((r"basic-environment\.txt", from_uname),),
    ),
    Layout(
        name="abrt",
        where="/var/spool/abrt/oops-2026-11-23-02:11:47-1234-0/, vmcore-127.0.0.1-2026-11-23-02:11:47/",
        sign=r"abrt_version|analyzer|kernel_tainted_short|crash_function",
        wanted=((r"vmcore-dmesg\.txt|vmcore-dmesg", r"dmesg", r"backtrace"), (r"vmcore",)),
        all_wanted=False,
        facts=((r"hostname", from_hostname), (r"kernel", from_kernel), (r"time", from_seconds)),
    ),
    Layout(
        name="kdump",
        where="/var/crash/127.0.0.1-2026-11-23-02:11:47/ (kdump-utils of RHEL, Fedora), 2026-11-23-02-11/ (SUSE)",
        sign=r"vmcore(?:-incomplete|\.flat)?|vmcore-dmesg(?:-incomplete)?\.txt",
        # kexec-dmesg.log is the log of the kernel that saved the dump, not of the one that crashed.
        unwanted=r"kexec-dmesg\.log|vmcore-creation\.status|README\.txt|makedumpfile-R\.pl|rearrange\.sh|System\.map.*|vmlinux.*",
        facts=((r"README\.txt", from_readme),),
        folder=lambda name: from_folder(name.removeprefix("vmcore-")),
    ),
    Layout(
        name="kdump-tools",
        where="/var/crash/202611230211/ (Debian, Ubuntu)",
        sign=r"(?:dump|dmesg|vmcore)\.\d{12}(?:\.\w{2,4})?|dump-incomplete",
        unwanted=r".*\.crash|kdump_lock",
        folder=from_folder,
    ),
    Layout(
        name="pstore",
        where="/sys/fs/pstore/, /var/lib/systemd/pstore/<id>/ (efi, erst, ramoops and other backends)",
        sign=r"dmesg-[a-z_]{2,20}-[0-9a-f]{1,24}(?:\.enc\.z)?",
        # dmesg.txt is what systemd-pstore made of the same records.
        unwanted=r"(?:.*/)?dmesg\.txt|(?:pmsg|ftrace|mce|rtas|powerpc-\w+)-[a-z_]+-\d+.*",
    ),
)


def plan(members: Iterable[Member], outer: Facts, name: str) -> Plan:
    """What to open of the members of a directory or archive called `name`, each with what its place tells."""
    made, stores = Plan(), dict[str, list[Member]]()
    ordered = sorted((m for m in members if m.path.count("/") <= FOLDERS_MAX), key=lambda m: m.path)
    roots = find_roots([member.path for member in ordered])
    below: dict[str | None, list[Member]] = {}
    for member in ordered:
        below.setdefault(root_of(member.path, roots), []).append(member)
    told = Told(below, roots, outer, name)
    for root, inside in below.items():
        facts, wanted = told.facts(root), asked_for(root, roots, inside)
        for member in inside:
            if root is not None and roots[root].name == "pstore" and pstore.FILE.fullmatch(member.path):
                stores.setdefault(pstore.store(member.path), []).append(member)
            elif member.path in wanted or root is None or looked_at(member.path[len(root) :], roots[root]):
                made.chosen.append(Choice(member.path, (member,), facts, guessed=member.path not in wanted))
            else:
                made.skipped.append(member.path)
    for store, records in stores.items():
        facts = told.facts(root_of(records[0].path, roots))
        made.chosen.append(Choice(store, tuple(records), facts, guessed=False, records=True))
    made.chosen.sort(key=lambda choice: choice.name)
    return made


def find_roots(paths: Iterable[str]) -> dict[str, Layout]:
    """The folders (with a slash behind, "" for the outermost) that are the roots of layouts."""
    roots = dict[str, Layout]()
    for layout in LAYOUTS:
        sign = re.compile(rf"(?P<root>(?:.*/)?)(?:{layout.sign})")
        for path in paths:
            if found := sign.fullmatch(path):
                roots.setdefault(found["root"], layout)
    return roots


def root_of(path: str, roots: dict[str, Layout]) -> str | None:
    """The innermost root above a path, None if there is none."""
    at = len(path)
    while (at := path.rfind("/", 0, at)) >= 0:
        if path[: at + 1] in roots:
            return path[: at + 1]
    return "" if "" in roots else None


def asked_for(root: str | None, roots: dict[str, Layout], members: Iterable[Member]) -> set[str]:
    """The paths that a root's layout names: of alternatives that hold the same, those of the first that is there."""
    asked = set[str]()
    if root is None:
        return asked
    paths = [member.path for member in members]
    for alternatives in roots[root].wanted:
        for pattern in alternatives:
            if found := {path for path in paths if compiled(pattern).fullmatch(path, len(root))}:
                asked |= found
                break
    return asked


def looked_at(path: str, layout: Layout) -> bool:
    """Whether a file below the root is worth a look although the layout does not name it."""
    return layout.all_wanted and not compiled(layout.unwanted).fullmatch(path)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of a layout."""
    return re.compile(pattern)


@dataclass(slots=True)
class Told:
    """What the places in a tree tell; each root inherits from the one around it."""

    below: dict[str | None, list[Member]]  # members by their innermost root
    roots: dict[str, Layout]
    outer: Facts
    name: str
    known: dict[str, Facts] = field(default_factory=dict)

    def facts(self, root: str | None) -> Facts:
        """All that is known of the files directly below a root."""
        if root is None:
            return self.outer
        if root not in self.known:
            around = root_of(root.rstrip("/"), self.roots) if root else None
            self.known[root] = self.own(root).over(self.facts(around))
        return self.known[root]

    def own(self, root: str) -> Facts:
        """What a root itself tells, by its name and its files."""
        layout = self.roots[root]
        facts = layout.folder(PurePosixPath(root or self.name).name).over(Facts(layout=layout.name))
        for pattern, read in layout.facts:
            for member in self.below.get(root, ()):
                if compiled(pattern).fullmatch(member.path, len(root)):
                    facts = read(text(member)).over(facts)
        return facts


def text(member: Member) -> str:
    """A small file that tells one thing; empty if it cannot be read."""
    if member.size > FACT_MAX:
        return member.head().decode("utf-8", "replace")
    try:
        data, _ = member.read()
    except InputError:
        return ""
    return data[0:FACT_MAX].decode("utf-8", "replace")
