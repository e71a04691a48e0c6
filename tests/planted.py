"""Inputs of every kind with secrets in all that they hold, and in their names."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from tests.inputs.samples import write
from tests.vmcore.cores import CORES, zstd

OOPS = """BUG: unable to handle page fault for address: {0}
#PF: supervisor read access in kernel mode
#PF: error_code(0x0000) - not-present page
Oops: 0000 [#1] PREEMPT SMP
CPU: 3 PID: 4711 Comm: collector Not tainted 6.12.9 #1
Hardware name: Maker Model 3/BOARD, BIOS 1.2 01/02/2026
RIP: 0010:lookup_entry+0x1c/0x80 [store]
RSP: 0018:{1} EFLAGS: 00010246
RAX: {2} RBX: {3} RCX: 0000000000000000
RDX: 0000000000000001 RSI: {4} RDI: {5}
CR2: {0} CR3: 0000000104a3f002 CR4: 0000000000750ef0
Call Trace:
 <TASK>
 walk_entries+0x10/0x30 [store]
 </TASK>
---[ end trace 0000000000000000 ]---"""
MEMORY = """{{7}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4
{{7}}[Hardware Error]: event severity: recoverable
{{7}}[Hardware Error]:  Error 0, type: recoverable
{{7}}[Hardware Error]:  fru_id: {0}
{{7}}[Hardware Error]:  fru_text: {1}
{{7}}[Hardware Error]:   section_type: memory error
{{7}}[Hardware Error]:   physical_address: 0x00000031c7a05240
{{7}}[Hardware Error]:   error_type: 3, multi-bit ECC
Memory failure: 0x31c7a05: recovery action for reserved kernel page: Ignored"""


class Secrets:
    """Hands out secrets that occur nowhere else, and remembers them."""

    FORMS: ClassVar[dict[str, str]] = {
        "host": "srv{0:03d}q.prod.acmecorp{0}.net",
        "ip4": "10.{high}.77.{low}",
        "ip6": "2001:db8:{0:x}::77:{0}",
        "mac": "02:5e:{high:02x}:{low:02x}:0b:c1",
        "user": "mallory{0}x",
        "email": "ops{0}.lead@mail{0}.acme-inc.com",
        "serial": "SN7Q{0:04d}ZK",
        "uuid": "5c1f3b7e-9a20-4d61-8f14-2b77c0d9{0:04x}",
        "home": "/home/trent{0}v/vault/notes{0}.txt",
        "secret": "hunter{0}!horse",
        "command": "root=/dev/vg{0}/lvsecret acme.licence=K{0}-77",
        "address": "ffff8881{0:04x}3678",
        "data": "73656372{0:04x}7421",
    }

    def __init__(self) -> None:
        self.planted: list[str] = []

    def __call__(self, sort: str) -> str:
        number = len(self.planted) + 1
        return self.plant(self.FORMS[sort].format(number, high=number // 200, low=number % 200))

    def plant(self, made: str) -> str:
        """A secret of any form."""
        self.planted.append(made)
        return made

    def short(self) -> str:
        """The name of a host without its domain."""
        return self.plant(f"srv{len(self.planted) + 1:03d}q")

    def panic(self) -> str:
        """Lines with a secret of each sort, of the kind that anybody can write into a log."""
        texts = (
            f"VFS: no answer of {self('host')} at {self('ip4')} port 2049",
            f"link {self('mac')} towards {self('ip6')} is gone",
            f"session of user={self('user')} <{self('email')}>",
            f"disk serial: {self('serial')} uuid {self('uuid')}",
            f"cannot open {self('home')}, password={self('secret')}",
            f"list at {self('address')} is broken",
        )
        return "\n".join(f"Kernel panic - not syncing: {text}" for text in texts)

    def log(self) -> str:
        """The kernel log of a machine that had an error, crashed and panicked."""
        addresses = [self(sort) for sort in ("address", "address", "data", "address", "data", "address")]
        banner = f"Linux version 6.12.9 (builder@{self('host')}) (gcc 14.2.0) #1 SMP"
        error = MEMORY.format(self("uuid"), f"bay 3 S/N: {self('serial')}")
        lines = [banner, f"Command line: {self('command')}", error, OOPS.format(*addresses), self.panic()]
        return "\n".join(f"[{9 + n:5d}.000000] {line}" for n, line in enumerate("\n".join(lines).split("\n"))) + "\n"


def tar(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, f"w:{path.suffix[-2:]}") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))


def texts(folder: Path, files: dict[str, str]) -> None:
    write(folder, {name: text.encode() for name, text in files.items()})


# ------------------------------------------------------------ kinds of input


def console(folder: Path, secrets: Secrets) -> None:
    texts(folder, {f"{secrets.short()}.log": secrets.log()})


def syslog(folder: Path, secrets: Secrets) -> None:
    host = secrets.short()
    lines = (f"Nov 23 02:11:47 {host} kernel: {line}\n" for line in secrets.log().splitlines())
    texts(folder, {f"messages-{host}": "".join(lines)})


def entries(secrets: Secrets) -> list[dict[str, str]]:
    boot, host = secrets("uuid").replace("-", ""), secrets("host")
    secrets.planted[-2] = boot
    return [
        {"__REALTIME_TIMESTAMP": str(1795399907000000 + n), "_TRANSPORT": "kernel", "_HOSTNAME": host,
         "_BOOT_ID": boot, "MESSAGE": line.split("] ", 1)[1], "PRIORITY": "2",
         "_SOURCE_MONOTONIC_TIMESTAMP": str(70000000 + n)}
        for n, line in enumerate(secrets.log().splitlines())
    ]  # fmt: skip


def journal_json(folder: Path, secrets: Secrets) -> None:
    texts(folder, {"journal.json": "".join(json.dumps(row) + "\n" for row in entries(secrets))})


def journal_export(folder: Path, secrets: Secrets) -> None:
    rows = ("".join(f"{key}={value}\n" for key, value in row.items()) for row in entries(secrets))
    texts(folder, {"journal.export": "\n".join(rows)})


def container_json(folder: Path, secrets: Secrets) -> None:
    rows = (json.dumps({"log": line + "\n", "time": "2026-11-23T02:11:47Z"}) for line in secrets.log().splitlines())
    texts(folder, {f"{secrets('uuid')}-json.log": "\n".join(rows)})


def dmesg_json(folder: Path, secrets: Secrets) -> None:
    rows = [{"pri": 2, "time": 7.0 + n, "msg": x.split("] ", 1)[1]} for n, x in enumerate(secrets.log().splitlines())]
    texts(folder, {f"dmesg-{secrets.short()}.json": json.dumps({"dmesg": rows})})


def netconsole(folder: Path, secrets: Secrets) -> None:
    """Extended, each message in two fragments."""
    lines = []
    for number, line in enumerate(secrets.log().splitlines()):
        body = line.split("] ", 1)[1].encode()
        head, half = f"6.12.9,2,{number},{7000000 + number},-,ncfrag=", len(body) // 2
        lines += [f"{head}{at}/{len(body)};{part.decode()}\n" for at, part in ((0, body[:half]), (half, body[half:]))]
    texts(folder, {f"netconsole-{secrets.short()}.log": "".join(lines)})
    texts(folder, {f"remote/{secrets('ip4')}/netconsole.log": secrets.log()})


def pstore(folder: Path, secrets: Secrets) -> None:
    text = "".join(f"<4>{line}\n" for line in secrets.log().splitlines())
    texts(folder, {f"pstore-{secrets.short()}/dmesg-efi_pstore-179539990701001": "Panic#1 Part1\n" + text})


def sosreport(folder: Path, secrets: Secrets) -> None:
    name = secrets.short()
    dmi = (
        "Handle 0x0001, DMI type 1, 27 bytes\nSystem Information\n"
        f"\tSerial Number: {secrets('serial')}\n\tUUID: {secrets('uuid')}\n\n"
        "Handle 0x0025, DMI type 17, 92 bytes\nMemory Device\n"
        f"\tLocator: P1 C0\n\tSerial Number: {secrets('serial')}\n\tAsset Tag: {secrets('serial')}\n\n"
    )
    log = secrets.log().replace("physical_address: 0x00000031c7a05240", "memory_error_location: handle: 0x0025\n"
                                "[    9.5] {7}[Hardware Error]:   physical_address: 0x00000031c7a05240")  # fmt: skip
    files = {
        f"sosreport-{name}/sos_commands/kernel/dmesg": log,
        f"sosreport-{name}/sos_commands/host/hostname": f"{name}.internal.acme-x.example\n",
        f"sosreport-{name}/sos_commands/hardware/dmidecode": dmi,
        f"sosreport-{name}/sos_commands/ipmitool/ipmitool_-I_open_sel_elist": sel(secrets),
    }
    tar(folder / f"sosreport-{name}.tar.gz", files)


def sel(secrets: Secrets) -> str:
    events = (f"Uncorrectable ECC ({where} {secrets(where)})" for where in ("serial", "host"))
    return "".join(
        f"   {n} | 11/23/2026 | 02:11:4{n} | Memory #0x12 | {what} | Asserted\n" for n, what in enumerate(events, 1)
    )


def supportconfig(folder: Path, secrets: Secrets) -> None:
    host = secrets.short()
    files = {
        f"scc_{host}/basic-environment.txt": f"Linux {host} 6.4.0-150600.21-default #1 SMP x86_64\n",
        f"scc_{host}/boot.txt": f"#==[ Command ]====#\n# /bin/dmesg -T\n{secrets.log()}",
        f"scc_{host}/messages.txt": f"Nov 23 02:11:47 {host} kernel: Kernel panic - not syncing: {secrets('email')}\n",
    }
    tar(folder / f"scc_{host}_261123.tar.xz", files)


def abrt(folder: Path, secrets: Secrets) -> None:
    place = f"oops-2026-11-23-02:11:47-{secrets.short()}"
    told = {"abrt_version": "2.17", "hostname": secrets("host"), "cmdline": secrets("command"), "dmesg": secrets.log()}
    texts(folder, {f"{place}/{name}": text for name, text in told.items()})


def kdump(folder: Path, secrets: Secrets) -> None:
    texts(folder, {f"{secrets('ip4')}-2026-11-23-02:11:47/vmcore-dmesg.txt": secrets.log()})
    host = secrets.short()
    broken = {"vmcore": f"no core of {secrets('host')}", "vmcore-dmesg.txt": secrets.log()}
    texts(folder, {f"{host}-2026-11-23-02:11:48/{name}": text for name, text in broken.items()})


def rasdaemon(folder: Path, secrets: Secrets) -> None:
    path = folder / f"ras-{secrets.short()}.db"
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE mc_event (id INTEGER PRIMARY KEY, timestamp TEXT, err_count, err_type, err_msg, label, "
            "mc, top_layer, middle_layer, lower_layer, address, grain, syndrome, driver_detail)"
        )
        for label in (f"serial {secrets('serial')}", f"of {secrets('host')}"):
            detail = f"seen by user={secrets('user')}"
            values = ("2026-11-23 02:11:47 +0000", "Uncorrected", label, 0x31C7A05240, detail)
            base.execute(
                "INSERT INTO mc_event VALUES (NULL, ?, 1, ?, 'read error', ?, 0, 1, 0, 255, ?, 6, 0, ?)", values
            )
        base.execute(
            "CREATE TABLE extlog_event (id INTEGER PRIMARY KEY, timestamp TEXT, etype, severity, address, fru_text)"
        )
        values = ("2026-11-23 02:11:49 +0000", 0x31C7A06240, f"S/N: {secrets('serial')}")
        base.execute("INSERT INTO extlog_event VALUES (1, ?, 3, 0, ?, ?)", values)
        base.execute(
            "CREATE TABLE mce_record (id INTEGER PRIMARY KEY, timestamp TEXT, cpu, mcgstatus, bank, status, addr, ppin)"
        )
        ppin = int(secrets.plant("2ebc41d07f93a655"), 16)
        values = ("2026-11-23 02:11:50 +0000", 0xBD000000000000C0 - (1 << 64), 0x31C7A07240, ppin)
        base.execute("INSERT INTO mce_record VALUES (1, ?, 3, 5, 7, ?, ?, ?)", values)
    base.close()


def beside(folder: Path, secrets: Secrets) -> None:
    """An inventory and an event log of the board, each a file of its own."""
    texts(folder, {f"sel-{secrets.short()}.txt": sel(secrets)})
    texts(folder, {"dmidecode.txt": "Handle 0x0025, DMI type 17, 92 bytes\nMemory Device\n"
                   f"\tLocator: P1 C0\n\tSerial Number: {secrets('serial')}\n"})  # fmt: skip


def archive(folder: Path, secrets: Secrets) -> None:
    """Secrets in the names of members, of those that cannot be read too."""
    with zipfile.ZipFile(folder / f"case-{secrets('user')}.zip", "w") as packed:
        packed.writestr(f"home/{secrets('user')}/{secrets.short()}.log", secrets.log())
        packed.writestr(f"{secrets.short()}/broken-{secrets('user')}.log.gz", b"\x1f\x8b\x08\0broken")


def refused(folder: Path, secrets: Secrets) -> None:
    texts(folder, {f"{secrets.short()}.txt": "", f"{secrets('user')}.log": f"nothing of {secrets('host')}\n"})
    (folder / f"vmcore-{secrets.short()}").write_bytes(b"KDUMP   " + bytes(64))
    (folder / f"{secrets('user')}.log.xz").write_bytes(b"\xfd7zXZ\0broken")


def core(folder: Path, secrets: Secrets) -> None:
    """Memory with other names in the place of the laboratory's, byte for byte."""
    names = {
        "6.12-charged-dentry-sysrq-elf": {b"lab-guest": "acmehq7st", b"charged": "zorblat", b"victim-": "offer7z"},
        "7.3-tmpfs-survives-sysctl-elf": {b"lab-guest": "hqacme9st", b"lab.control=ttyS1": "acmelicence=K7-73"},
    }
    for name, others in names.items():
        data = zstd.decompress((CORES / f"{name}.core.zst").read_bytes())
        for old, new in others.items():
            assert old in data and len(old) == len(new)
            data = data.replace(old, secrets.plant(new).encode())
        (folder / f"{secrets.short()}.core").write_bytes(data)


KINDS: tuple[Callable[[Path, Secrets], None], ...] = (
    console, syslog, journal_json, journal_export, container_json, dmesg_json, netconsole, pstore, sosreport,
    supportconfig, abrt, kdump, rasdaemon, beside, archive, refused, core,
)  # fmt: skip


def plant(folder: Path) -> tuple[Path, dict[str, list[str]]]:
    """A folder with inputs of every kind, and the secrets in each."""
    secrets, planted = Secrets(), dict[str, list[str]]()
    home = folder / "home" / secrets("user")
    for kind in KINDS:
        before, place = len(secrets.planted), home / kind.__name__
        place.mkdir(parents=True)
        kind(place, secrets)
        planted[kind.__name__] = secrets.planted[before:]
    return home, planted
