"""Where the fuzzing of each target begins: fixtures of this repository and small files of every form."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import struct
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

FIXTURES = Path(__file__).parent.parent / "fixtures"
LINE = b"[   70.471011][    T1] Memory failure: 0x1a2b3: recovery action for free buddy page: Recovered\n"
ENTRY = {
    "__REALTIME_TIMESTAMP": "1795399907123456",
    "_TRANSPORT": "kernel",
    "_HOSTNAME": "db7",
    "MESSAGE": "Memory failure: 0x1a2b3: recovery action for free buddy page: Recovered",
}
DMI = b"Handle 0x0025, DMI type 17, 92 bytes\nMemory Device\n\tLocator: P1 C0\n\tSerial Number: 77\n\n"
SEL = b"   4 | 11/23/2026 | 02:11:47 | Memory #0x53 | Uncorrectable ECC (DIMM_B1) | Asserted\n"
ANSWER = (
    b'{"part":"facts","value":{"format":"elf","types":"btf","arch":"x86_64"}}\n'
    b'{"part":"page","value":{"pfn":1,"physical_address":4096,"type":"slab","type_now":"slab","poisoned":true}}\n'
    b'{"part":"end","value":null}\n'
)


def logs() -> Iterator[bytes]:
    """The raw logs of the fixtures, behind their headers."""
    for path in sorted((FIXTURES / "logs").glob("*.log")):
        yield path.read_bytes().split(b"\n\n", 1)[-1]


def containers() -> Iterator[bytes]:
    """A log in every container."""
    yield from (gzip.compress(LINE, mtime=0), bz2.compress(LINE), lzma.compress(LINE), zstd.compress(LINE))
    for mode in ("w", "w:gz"):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode=mode) as archive:
            for name in ("sos/sos_commands/kernel/dmesg", "sos/var/log/messages"):
                member = tarfile.TarInfo(name)
                member.size = len(LINE)
                archive.addfile(member, io.BytesIO(LINE))
        yield made.getvalue()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("dmesg", LINE)
    yield made.getvalue()
    yield json.dumps(ENTRY).encode() + b"\n"
    yield b"".join(f"{key}={value}\n".encode() for key, value in ENTRY.items()) + b"\n"
    yield json.dumps({"log": LINE.decode(), "stream": "stdout", "time": "2026-11-23T02:11:47Z"}).encode() + b"\n"
    yield json.dumps({"dmesg": [{"pri": 3, "time": 70.4, "caller": "T1", "msg": "EDAC MC0: x"}]}).encode()
    yield LINE.decode().encode("utf-16")


def databases() -> Iterator[bytes]:
    """A database of rasdaemon."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        with sqlite3.connect(path) as base:
            base.execute("PRAGMA page_size = 512")
            base.execute(
                "CREATE TABLE memory_failure_event "
                "(id INTEGER PRIMARY KEY, timestamp TEXT, pfn, page_type, action_result)"
            )
            base.execute(
                "INSERT INTO memory_failure_event VALUES (1, '2026-11-23 02:11:47 +0000', '0x12', '7', 'Ignored')"
            )
        base.close()
        yield path.read_bytes()


def cores() -> Iterator[bytes]:
    """The heads of cores of every form."""
    note = struct.pack("<III", 11, 20, 0) + b"VMCOREINFO\0\0" + b"OSRELEASE=6.12.9\nX=1"
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 4, 0, 176, 0, 0, len(note), len(note), 4)
    segments += struct.pack("<IIQQQQQQ", 1, 7, 176 + len(note), 1 << 63, 4096, 8, 8, 0)
    yield header + segments + note + bytes(8)
    kdump = bytearray(512)
    kdump[:12], kdump[428:432] = b"KDUMP   " + struct.pack("<i", 6), struct.pack("<i", 512)
    sub = bytearray(512)
    sub[48:64] = struct.pack("<QQ", 1024, len(note))
    yield bytes(kdump + sub) + note
    flat = b"makedumpfile".ljust(4096, b"\0")
    whole = bytes(kdump + sub) + note
    yield flat + struct.pack(">qq", 0, len(whole)) + whole + struct.pack(">qq", -1, -1)


def types() -> Iterator[bytes]:
    """A small BTF section."""
    names = b"\0int\0page\0flags\0PG_locked\0"
    made = struct.pack("<IIII", 1, 1 << 24, 4, 32) + struct.pack("<III", 5, 4 << 24 | 1, 8)
    made += struct.pack("<III", 10, 1, 0) + struct.pack("<III", 0, 6 << 24 | 1, 4) + struct.pack("<II", 16, 3)
    yield struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(made), len(made), len(names)) + made + names


def seeds(target: str) -> list[bytes]:
    """The inputs with which a target begins."""
    if target in ("log", "case", "prefix", "redact", "pstore"):
        return list(logs())
    if target == "container":
        return [*containers(), *list(logs())[:3]]
    made = {"rasdaemon": databases, "core": cores, "btf": types}
    return list(made[target]()) if target in made else {"board": [DMI, SEL], "answer": [ANSWER]}[target]
