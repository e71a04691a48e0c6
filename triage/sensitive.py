"""What in text may identify a host, a person or a customer, or give away the layout of a kernel: one row per sort.

    Nov 23 02:11:47 web01 sshd[812]: Accepted publickey for alice from 192.0.2.7      host, user, ip
    nvme0: serial number S4EVNX0M, fru_id: 2f6c1d9e-0b5e-4c1c-9d52-6d2b2e1f4a77       serial, uuid
    RSP: 0018:ffffc90000a3fe58                                                        address

Each pattern begins where no letter or digit stands before, has bounded repetition only, and may have a group
`<sort>_key` that stays as it is. What a pattern finds is judged by a function of JUDGES, where there is one.
"""

from __future__ import annotations

import ipaddress
import re

TLDS = "com|net|org|edu|gov|mil|io|dev|cloud|local|lan|internal|intern|corp|intra|home|example|test|invalid|localdomain"
ENVIRONMENT = (
    r"HOME|PATH|SHELL|PWD|OLDPWD|MAIL|HOSTNAME|DISPLAY|XAUTHORITY|PGPASSWORD|[A-Z]{2,20}_PROXY"
    r"|(?:SSH|SUDO|LD|AWS|MYSQL)_[A-Z_]{1,30}"
)

# Sort -> pattern; of two that begin at one place the upper one wins.
PATTERNS = {
    "cmdline": r"(?P<cmdline_key>(?i:command line)(?: parameters)?: {0,4})\S.*|BOOT_IMAGE=.*",
    "url": r"(?i:[a-z][a-z0-9+.-]{1,15}://[^\s\"'<>]{1,500})",
    "secret": (
        r"(?P<secret_key>(?i:[a-z0-9_-]{0,30}(?:passw(?:or)?d|passphrase|secret|token|api_?key|credential)"
        r"[a-z0-9_-]{0,30}) {0,2}[=:] {0,2})[^\s,;]{1,500}"
        r"|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,100}|xox[abpr]-[\w-]{10,100}"
        r"|eyJ[\w-]{10,500}\.[\w.-]{10,1000}"
    ),
    "offset": r"(?P<offset_key>Kernel Offset: )0x[0-9a-f]{1,16}",
    "serial": (
        r"(?P<serial_key>(?i:serial(?:[ _]?(?:number|num|no\.?|#))?|s/n|(?:service|asset)[ _]tag|ppin|wwn|wwid|eui|naa)"
        r"[ :=.#]{1,4})[\w.-]{2,64}"
    ),
    "user": (
        r"(?P<user_key>(?i:user(?:name)?|acct|logname|ruser|login|owner)=[\"']?|(?i:for|by|of) user "
        r"|[ug]id=\d{1,10}\(|user name: )[A-Za-z_][\w.-]{0,31}"
        r"|(?P<user_key2>(?:Accepted|Failed) \w{1,20} for (?:invalid user )?)[A-Za-z_][\w.-]{0,31}"
    ),
    "environment": rf"(?P<environment_key>(?:{ENVIRONMENT})=)\S{{1,500}}",
    "email": (
        r"[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}"
        r"|(?P<email_key>(?<=\())[\w.+-]{1,64}@[\w.-]{1,253}(?=\))"
    ),
    "uuid": (
        r"[0-9A-Fa-f]{8}[-_](?:[0-9A-Fa-f]{4}[-_]){3}[0-9A-Fa-f]{12}(?![0-9A-Za-z])"
        r"|[0-9a-f]{32}(?:[0-9a-f]{32})?(?![0-9A-Za-z])"
    ),
    "mac": r"[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5,7}|(?:-[0-9A-Fa-f]{2}){5,7})(?![0-9A-Fa-f:-])",
    "ip": r"(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]{0,15}|(?:\d{1,3}\.){3}\d{1,3}(?!\d)",
    "host": rf"(?:[A-Za-z0-9_-]{{1,63}}\.){{1,8}}(?:{TLDS})(?![A-Za-z0-9-])|ip(?:-\d{{1,3}}){{4}}",
    "path": (
        r"(?<![.~\]])~?/(?:[^\s/\"'<>|:;,()]{1,255}/){1,40}[^\s/\"'<>|:;,()]{0,255}"
        r"|~[a-z][\w-]{0,31}/[^\s\"']{0,500}"
    ),
    "bytes": (
        r"(?:[0-9a-f]{2}[ -]){15,64}[0-9a-f]{2}(?![0-9a-f])(?:  .*)?"
        r"|(?:[0-9a-f]{8} ){3,16}[0-9a-f]{8}(?![0-9a-f])(?:  .*)?"
    ),
    "address": r"(?:0x)?[0-9a-f]{8,16}(?![0-9A-Za-z])",
}

# Paths that every machine has, or that come with a distribution's kernel.
PUBLIC_PATHS = (
    "/proc/", "/sys/", "/dev/", "/lib/", "/lib64/", "/usr/lib/", "/usr/src/", "/usr/share/", "/usr/sbin/", "/usr/bin/",
    "/sbin/", "/bin/", "/boot/", "/build/", "/usr/local/lib/python", "/etc/sysctl.d/", "/etc/modprobe.d/",
)  # fmt: skip
HOMES = re.compile(r"/(?:home|Users)/(?P<user>[^/\s]{1,64})")
# Names that say nothing of whose machine it is.
PUBLIC_NAMES = frozenset(
    ("localhost", "localhost.localdomain", "(none)", "root", "kernel", "linux", "debian", "ubuntu", "fedora", "unknown",
     "none", "nobody", "null", "memory", "hardware", "error", "page", "cpu", "log", "console", "user", "host", "task")
)  # fmt: skip
# Names of files that tell what a file is and not whose: `kern.log.1`; not `db07.log`, which may be of the host db07.
_FILE_WORD = (
    "(?:vmcore|dmesg|kern|kernel|console|messages|syslog|journal|journalctl|serial|crash|boot|core|minicore|mcelog|efi"
    "|pstore|erst|ras|mc_event|dump|log|txt|json|jsonl|export|zst|gz|xz|bz2|tar|tgz|zip|elf|incomplete|flat)"
)
PLAIN_FILE = re.compile(rf"{_FILE_WORD}(?:[._-]{_FILE_WORD}|\.(?:\d{{1,4}}|db))*")
POISON = frozenset(
    (0xDEAD000000000100, 0xDEAD000000000122, 0xDEAD000000000200, 0xDEAD4EAD00000000, 0xDEAD000000000000,
     0x5A5A5A5A5A5A5A5A, 0x6B6B6B6B6B6B6B6B, 0x6B6B6B6B6B6B6BA5, 0xA5A5A5A5A5A5A5A5, 0xBBBBBBBBBBBBBBBB,
     0xCCCCCCCCCCCCCCCC)
)  # fmt: skip
# Registers and entries of page tables that hold no address of the kernel's: what stands before a number names it.
PLAIN_NUMBER = re.compile(
    r"(?:\b(?:ESR|FSC|CR[048]|DR[67]|EFLAGS|EFER|MSR|CPSR|PSTATE|SPSR|DSISR|ISS2?|status|flags|error code|misc|addr)"
    r"|synd|PGD|P4D|PUD|PMD|PTE|pgdp?|p4dp?|pudp?|pmdp?|ptep?|Oops|abort|Bank \d{1,3}) {0,3}[:=]? {0,3}$",
    re.I,
)
INSTRUCTIONS = re.compile(r"\bCode: ")  # instructions are the kernel's, which is public


def is_serial(text: str) -> bool:
    """Whether what stands behind "serial" is a number: the serial console has none."""
    return any(letter.isdigit() for letter in text)


def is_ip(text: str) -> bool:
    """Whether this is an address of one machine, neither a loopback nor a clock or a PCI device."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_unspecified)


def is_uuid(text: str) -> bool:
    """Whether a UUID names something: the empty one does not."""
    return bool(text.strip("0-_"))


def is_host(text: str) -> bool:
    """Whether this is a machine of the user's: the kernel's own pages are public."""
    return not text.lower().endswith(("kernel.org", "kvack.org")) and text.lower() not in PUBLIC_NAMES


def is_path(text: str) -> bool:
    """Whether a path is one that only this machine has."""
    return not text.startswith(PUBLIC_PATHS)


def is_data(text: str) -> bool:
    """Whether a dump of bytes holds content: the shadow of KASAN knows only marks."""
    first = [int(byte, 16) for byte in re.findall(r"\b[0-9a-f]{2}\b", text)[:16]]
    return not first or any(8 <= byte < 0xF0 for byte in first)


def is_name(text: str) -> bool:
    """Whether a name is somebody's."""
    return text.lower() not in PUBLIC_NAMES


def anything(text: str) -> bool:
    """Sorts whose pattern says enough."""
    return True


def is_private(text: str) -> bool:
    """Whether a link or an address is not the kernel project's."""
    return "kernel.org" not in text


JUDGES = {
    "serial": is_serial, "ip": is_ip, "uuid": is_uuid, "host": is_host, "url": is_private, "path": is_path,
    "bytes": is_data, "user": is_name, "email": is_private,
}  # fmt: skip
