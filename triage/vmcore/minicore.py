"""Minicores: a small ELF core that holds only the pages an analysis read, and gives the same analysis again.

It carries the notes of its source (registers, VMCOREINFO) and one of our own:

    owner "TRIAGE", type 1: u64[] page frame numbers (of the kernel's size) that the source had left out

so that "not in this minicore" (never read) and "excluded by makedumpfile" (never dumped) stay apart. It holds no page
that was not read: no user memory and no file content.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from triage.vmcore import corenotes, detect, elf
from triage.vmcore.core import Core
from triage.vmcore.recorder import Recorder

_PAGE = 4096
_MACHINES = {"x86_64": 62, "arm64": 183}
_NOTE_TYPE = 1


def write(core: Core, recorder: Recorder, path: str) -> None:
    """Write what `recorder` saw of `core` to `path`; OSError if that cannot be written."""
    notes = b"".join(map(elf.pack_note, _notes(core, recorder)))
    runs = list(_runs(sorted(recorder.pages)))
    table = elf.PHDR.size * (len(runs) + 1)
    offset = elf.EHDR.size + table
    headers = [elf.PHDR.pack(elf.PT_NOTE, 0, offset, 0, 0, len(notes), len(notes), 4)]
    offset += len(notes)
    for first, count in runs:
        headers.append(elf.PHDR.pack(elf.PT_LOAD, 7, offset, 0, first * _PAGE, count * _PAGE, count * _PAGE, 0))
        offset += count * _PAGE
    replaced = _reduced_pages(core, recorder)
    with Path(path).open("wb") as file:
        file.write(_header(core, len(headers)))
        file.writelines(headers)
        file.write(notes)
        for page in (page for first, count in runs for page in range(first, first + count)):
            file.write(replaced.get(page) or recorder.source.read(page * _PAGE, _PAGE, True))


def _reduced_pages(core: Core, recorder: Recorder) -> dict[int, bytes]:
    """Pages of BTF, kallsyms and ORC, which would be most of the file, less what this analysis did not need."""
    pages: dict[int, bytearray] = {}
    for start, content in (section for reduce in core.reductions for section in reduce()):
        for at in _cuts(start, len(content)):
            physical = recorder.translate(start + at)
            page = physical // _PAGE
            raw = pages.setdefault(page, bytearray(recorder.source.read(page * _PAGE, _PAGE, True)))
            piece = content[at : at + _PAGE - physical % _PAGE]
            raw[physical % _PAGE : physical % _PAGE + len(piece)] = piece
    return {page: bytes(raw) for page, raw in pages.items()}


def _cuts(start: int, size: int) -> Iterator[int]:
    """Offsets in a range of `size` bytes at address `start` at which a new page begins, 0 included."""
    yield 0
    yield from range(_PAGE - start % _PAGE, size, _PAGE)


def _header(core: Core, count: int) -> bytes:
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    machine = _MACHINES[core.arch]
    return elf.EHDR.pack(ident, elf.ET_CORE, machine, 1, 0, 64, 0, 0, 64, elf.PHDR.size, count, 0, 0, 0)


def _notes(core: Core, recorder: Recorder) -> Iterator[elf.Note]:
    """The source's own notes, VMCOREINFO with what was found to be missing in it, and our mark."""
    own = ("VMCOREINFO", detect.MINICORE_NOTE)
    yield from (note for note in corenotes.notes(core.path, core.format) if note.name not in own)
    yield elf.Note("VMCOREINFO", 0, "".join(f"{key}={value}\n" for key, value in core.info.items()).encode())
    scale = core.page_size // _PAGE
    excluded = sorted(core.excluded | {page // scale for page in recorder.missing})
    yield elf.Note(detect.MINICORE_NOTE, _NOTE_TYPE, struct.pack(f"<{len(excluded)}Q", *excluded))


def _runs(pages: list[int]) -> Iterator[tuple[int, int]]:
    """Runs of neighbouring pages as (first, count)."""
    start = 0
    for at in range(1, len(pages) + 1):
        if at == len(pages) or pages[at] != pages[at - 1] + 1:
            yield pages[start], at - start
            start = at
