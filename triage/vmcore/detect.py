"""Which kind of core a file is, from its first bytes.

7f 45 4c 46 .. e_type 4   ELF            /proc/vmcore copied, makedumpfile -E, QEMU dump-guest-memory
"KDUMP   " / "DISKDUMP"   kdump          makedumpfile -c/-l/-p/-z
"makedumpfile\\0\\0\\0\\0"    flattened      makedumpfile -F: what kdump sends over ssh
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from triage.vmcore import elf

MINICORE_NOTE = "TRIAGE"
_KDUMP = (b"KDUMP   ", b"DISKDUMP")
_FLATTENED = b"makedumpfile\0\0\0\0"
_HEADER = 464  # struct disk_dump_header
_STATUS_OFFSET, _INCOMPLETE = 424, 0x8  # its status; DUMP_DH_COMPRESSED_INCOMPLETE
_DESCRIPTOR, _LAST = struct.Struct("<qI12x"), 24 << 12  # struct page_desc; bytes of them that are looked at


@dataclass(frozen=True, slots=True)
class Detected:
    """The form of a core and what is wrong with the file as such."""

    format: str  # elf, kdump, flattened, minicore
    notes: tuple[str, ...] = ()
    excluded: frozenset[int] = frozenset()  # of a minicore: PFNs that its source had left out


def magic(path: str) -> str | None:
    """The form of the core at `path` by its first bytes, None if it is none or cannot be read."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(18)
    except OSError:
        return None
    if head[:8] in _KDUMP:
        return "kdump"
    if head[:16] == _FLATTENED:
        return "flattened"
    if head[:4] == b"\x7fELF" and len(head) == 18 and int.from_bytes(head[16:18], "little") == elf.ET_CORE:
        return "elf"
    return None


def detect(path: str) -> Detected:
    """The form of a kernel core and whether the file is complete; ValueError with the reason if it is no such core."""
    kind = magic(path)
    if kind is None:
        raise ValueError("not a vmcore")
    if kind == "elf":
        return _elf(path)
    if kind == "kdump":
        return Detected("kdump", tuple(_kdump(path)))
    return Detected(kind)


def _kdump(path: str) -> Iterator[str]:
    """What is wrong with a kdump file as such. Behind header and bitmaps lies one descriptor for each dumped page (i64
    offset, u32 size ...), the data of the first right behind them, that of the last at the end of the file."""
    with Path(path).open("rb") as file:
        head, size = file.read(_HEADER), file.seek(0, 2)
        if len(head) < _HEADER:
            raise ValueError("cut short inside the kdump header")
        status, block, sub_header, bitmap = struct.unpack_from("<IiII", head, _STATUS_OFFSET)
        if status & _INCOMPLETE:
            yield "makedumpfile marked this dump as incomplete"
        table = (1 + sub_header + bitmap) * block
        first = elf.read_at(file, table, _DESCRIPTOR.size) if 0 < table < size else b""
        stop = _DESCRIPTOR.unpack(first)[0] if len(first) == _DESCRIPTOR.size else size + 1
        last = elf.read_at(file, max(table, stop - _LAST), min(_LAST, stop - table)) if table < stop <= size else b""
        ends = [offset + length for offset, length in _DESCRIPTOR.iter_unpack(last[: len(last) // 24 * 24])]
        if not ends or max(ends) > size:
            yield f"the file is cut short: {size} of {max(ends)} bytes" if ends else "the file is cut short"


def _elf(path: str) -> Detected:
    with Path(path).open("rb") as file:
        core = elf.read(file)
        size = file.seek(0, 2)
    owners = {note.name for note in core.notes}
    if "VMCOREINFO" not in owners and not any(s.physical or s.virtual >> 63 for s in core.segments):
        raise ValueError("the core of a process, not of a kernel")
    notes = (f"the file is cut short: {size} of {core.end} bytes",) if size < core.end else ()
    marks = [note for note in core.notes if note.name == MINICORE_NOTE]
    if not marks:
        return Detected("elf", notes)
    count = len(marks[0].data) // 8
    return Detected("minicore", notes, frozenset(struct.unpack_from(f"<{count}Q", marks[0].data)))
