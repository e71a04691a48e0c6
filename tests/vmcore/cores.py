"""The fixture cores and their truth files, and a reader that runs in this process."""

import json
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from triage.vmcore import elf
from triage.vmcore.detect import MINICORE_NOTE

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PAGE = 4096
CORES = Path(__file__).parent.parent / "fixtures" / "cores"


def names() -> list[str]:
    """All fixture cores."""
    return sorted(path.name.removesuffix(".truth.json") for path in CORES.glob("*.truth.json"))


def truth(name: str) -> dict[str, Any]:
    """What the guest and the host said of a core when it was made."""
    return json.loads((CORES / f"{name}.truth.json").read_text())


def unpack(source: Path, target: Path) -> None:
    """Decompress a core, zero pages as holes."""
    data = zstd.decompress(source.read_bytes())
    with target.open("wb") as file:
        for at in range(0, len(data), 4096):
            piece = data[at : at + 4096]
            if piece.count(0) == len(piece):
                file.seek(len(piece), 1)
            else:
                file.write(piece)
        file.truncate(len(data))


def without(source: Path, target: Path, pfn: int) -> None:
    """A copy of a minicore (of 4 KiB pages) that marks one of its pages as excluded and does not hold it."""
    with source.open("rb") as file:
        core = elf.read(file)
        loads = [
            (physical, elf.read_at(file, segment.offset + physical - segment.physical, PAGE))
            for segment in core.segments
            if segment.type == elf.PT_LOAD
            for physical in range(segment.physical, segment.physical + segment.file_size, PAGE)
        ]
    mark = next(struct.pack("<Q", pfn) + note.data for note in core.notes if note.name == MINICORE_NOTE)
    notes = [note for note in core.notes if note.name != MINICORE_NOTE] + [elf.Note(MINICORE_NOTE, 1, mark)]
    target.write_bytes(build(notes, [load for load in loads if load[0] // PAGE != pfn], core.machine))


def build(notes: Sequence[elf.Note], loads: Sequence[tuple[int, bytes]], machine: int = 62) -> bytes:
    """An ELF core of notes and (physical address, content) pairs."""
    packed = b"".join(map(elf.pack_note, notes))
    at = elf.EHDR.size + elf.PHDR.size * (len(loads) + 1)
    headers = [elf.PHDR.pack(elf.PT_NOTE, 0, at, 0, 0, len(packed), len(packed), 4)]
    at += len(packed)
    for physical, data in loads:
        headers.append(elf.PHDR.pack(elf.PT_LOAD, 7, at, 0, physical, len(data), len(data), 0))
        at += len(data)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = elf.EHDR.pack(ident, elf.ET_CORE, machine, 1, 0, 64, 0, 0, 64, elf.PHDR.size, len(headers), 0, 0, 0)
    return head + b"".join(headers) + packed + b"".join(data for _, data in loads)


def inspect(path: Path, **request: Any) -> Any:
    """CoreFacts of a core, read in this process: the child process costs more than the reading."""
    from triage.vmcore import parent, survey, wire

    parts = parent.Parts(str(path))
    for part, value in survey.survey(wire.Request(path=str(path), **request)):
        parts.add(*wire.decode(wire.encode(part, value).encode()))
    return parts.facts(None)


def covering(objects: list[dict[str, Any]], size: int, address: int) -> Iterator[dict[str, Any]]:
    """The described objects that hold an address."""
    return (each for each in objects if each["address"] <= address < each["address"] + size)
