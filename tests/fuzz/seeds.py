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
MAP = b'{"host": {"srv9.acme.example": "host-1"}, "address": {"0xffff888104a3f000": "0xffffeeee00001000"}}'
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


def kinds() -> Iterator[bytes]:
    """Each log of the fixtures behind the number of each kind that it is named for."""
    from triage.logs.grammar import kinds as known

    names = sorted(known())
    for path in sorted((FIXTURES / "logs").glob("*.log")):
        kind = path.stem.partition("-")[0]
        yield bytes([names.index(kind)]) + path.read_bytes().split(b"\n\n", 1)[-1][:8192]


def formats() -> Iterator[bytes]:
    """Each form of a log that is no plain text, behind the number of each format."""
    parts = b"6.12.0,4,416,1758426,-,ncfrag=0/33;Memory failure: 0\n6.12.0,4,416,1758426,-,ncfrag=20/33;x1a2b3: x ...\n"
    binary = b"__CURSOR=s\nMESSAGE\n" + struct.pack("<Q", 5) + b"a\n\nbc\n_TRANSPORT=kernel\n\n"
    for number in range(5):
        for text in (parts, binary, *list(containers())[-5:-1]):
            yield bytes([number]) + text


def layouts() -> Iterator[bytes]:
    """Names of members, an empty line, what they hold."""
    names = (
        "sos/sos_commands/kernel/dmesg", "sos/hostname", "127.0.0.1-2026-11-23-02:11:47/vmcore-dmesg.txt",
        "var/crash/202611230211/dmesg.202611230211", "abrt/oops/backtrace", "pstore/dmesg-efi_pstore-179539990701001",
        "pstore/1795399907/001/dmesg-ramoops-0.enc.z", "x/ras-mc_event.db", "a/uname", "a/kernel", "a/README.txt",
    )  # fmt: skip
    for content in (LINE, b"db7\n", b"Panic#1 Part1\n" + LINE, b"Linux db7 6.12.9 #1 SMP x86_64\n"):
        yield "\n".join(names).encode() + b"\n\n" + content


def notes() -> Iterator[bytes]:
    """VMCOREINFO that locates a log buffer in the memory it begins."""
    from tests.fuzz.targets import BASE

    fields = ("desc_ring", "text_data_ring")
    rows = [f"SYMBOL(prb)={BASE + 2048:x}", *(f"OFFSET(printk_ringbuffer.{f})={n * 64}" for n, f in enumerate(fields))]
    offsets = {
        "atomic_long_t.counter": 0, "prb_desc_ring.count_bits": 0, "prb_data_ring.size_bits": 0,
        "prb_desc_ring.head_id": 8, "prb_desc_ring.tail_id": 16, "prb_desc_ring.descs": 24, "prb_desc_ring.infos": 32,
        "prb_data_ring.data": 8, "prb_desc.state_var": 0, "prb_desc.text_blk_lpos": 8,
        "prb_data_blk_lpos.begin": 0, "prb_data_blk_lpos.next": 8,
        "printk_info.ts_nsec": 0, "printk_info.text_len": 8, "printk_info.caller_id": 16,
    }  # fmt: skip
    rows += [f"OFFSET({name})={at}" for name, at in offsets.items()] + ["SIZE(prb_desc)=24", "SIZE(printk_info)=24"]
    head = "\n".join(rows).encode().ljust(2048, b"\n")
    ring = struct.pack("<QQQQQ", 1, 1, 0, BASE + 2304, BASE + 2560).ljust(64, b"\0")
    ring += struct.pack("<QQ", 6, BASE + 2816)
    descs = struct.pack("<QQQ", 1 << 62, 0, 32) + struct.pack("<QQQ", 1 << 62 | 1, 32, 64)
    infos = struct.pack("<QHxxxxxxIxxxx", 5, 12, 7) * 2
    texts = (bytes(8) + b"Linux 6.12.9".ljust(24)) * 2
    ring = struct.pack("<Q", BASE + 2056) + ring  # the symbol is a pointer
    yield head + ring.ljust(256, b"\0") + descs.ljust(256, b"\0") + infos.ljust(256, b"\0") + texts.ljust(64, b"\0")


def images() -> Iterator[bytes]:
    """Memory with a symbol table where SYMBOLS says."""
    from tests.fuzz.targets import BASE

    names = b"".join(bytes([len(name)]) + name for name in (b"T_stext", b"tfirst", b"Tlast"))
    tokens = b"".join((bytes([n]) if n else b"~") + b"\0" for n in range(256))
    image = bytearray(4096)
    image[0x40:0x4C], image[0x80:0x88] = struct.pack("<3i", 0, 4096, 8192), struct.pack("<Q", BASE)
    image[0x88:0x8C], image[0x90 : 0x90 + len(names)] = struct.pack("<I", 3), names
    image[0x200 : 0x200 + len(tokens)] = tokens
    image[0x600:0x800] = struct.pack("<256H", *(2 * n for n in range(256)))
    yield bytes(image)


def unwinding() -> Iterator[bytes]:
    """Four entries behind the words that say where both tables lie."""
    head = struct.pack("<4I", 16, 32, 32, 56)
    yield head + struct.pack("<4i", 84, 90, 100, 120) + bytes(range(24)) + bytes(100)


def minicores() -> Iterator[bytes]:
    """A core with the note of a minicore, and a flattened file that ends in the middle."""
    whole = list(cores())
    mark = struct.pack("<III", 7, 16, 1) + b"TRIAGE\0\0" + struct.pack("<QQ", 5, 9)
    elf = whole[0]
    note_at = elf.index(b"VMCOREINFO") - 12
    grown = bytearray(elf[:note_at] + mark + elf[note_at:])
    for at in (64 + 32, 64 + 40):
        grown[at : at + 8] = struct.pack("<Q", struct.unpack_from("<Q", grown, at)[0] + len(mark))
    yield from (elf, bytes(grown), whole[2], whole[2][:-40])


def seeds(target: str) -> list[bytes]:
    """The inputs with which a target begins."""
    if target in ("log", "parts", "case", "prefix", "redact", "pstore"):
        return list(logs())
    if target == "container":
        return [*containers(), *list(logs())[:3]]
    made = {
        "rasdaemon": databases, "core": cores, "btf": types, "grammar": kinds, "form": formats, "layout": layouts,
        "vmcoreinfo": notes, "symbols": images, "minicore": minicores, "orc": unwinding,
    }  # fmt: skip
    known = {"board": [DMI, SEL], "answer": [ANSWER], "mapping": [MAP]}
    return list(made[target]()) if target in made else known[target]
