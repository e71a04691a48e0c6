"""The functions that are fuzzed: each takes any bytes and must end, with a result or with an error of our own tree."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

from triage import inputs
from triage.errors import TriageError
from triage.inputs import Limits, LogText
from triage.redact import Redactor

BASE = 0xFFFFFFFF81000000  # where the memory of a fuzzed kernel begins
SYMBOLS = {
    name: BASE + at
    for name, at in {
        "kallsyms_offsets": 0x40, "kallsyms_relative_base": 0x80, "kallsyms_num_syms": 0x88, "kallsyms_names": 0x90,
        "kallsyms_token_table": 0x200, "kallsyms_token_index": 0x600, "_stext": 0,
    }.items()
}  # fmt: skip
SMALL = Limits(bytes=1 << 20, ratio=100, members=50, depth=4, seconds=2.0)


@cache
def scratch() -> Path:
    """A folder in memory for what can only be read as a file."""
    shared = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="triage-fuzz-", dir=shared if os.access(shared, os.W_OK) else None))


def stored(data: bytes, name: str) -> Path:
    """The bytes as a file."""
    path = scratch() / name
    path.write_bytes(data)
    return path


class Memory:
    """The input as the memory of a kernel: as much of drgn's Program and of Core as the readers of raw memory use."""

    def __init__(self, data: bytes) -> None:
        self.data, self.prog, self.info = data, self, {"SYMBOL(_stext)": f"{BASE:x}"}

    def read(self, address: int, size: int) -> bytes:
        from drgn import FaultError

        at = address - BASE
        if not 0 <= at <= len(self.data) - size or size < 0:
            raise FaultError("not mapped", address & 0xFFFFFFFFFFFFFFFF)
        return self.data[at : at + size]

    def read_u32(self, address: int) -> int:
        return int.from_bytes(self.read(address, 4), "little")

    def read_u64(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")


def log(data: bytes) -> None:
    """Scan, prefixes, grammars and the events they build, as JSON lines and CSV."""
    from triage.logs.parse import Parser
    from triage.report import writer

    for event in Parser(LogText(name="fuzz", data=data)).events():
        writer("jsonl")(event)
        writer("csv")(event)


def parts(data: bytes) -> None:
    """A log cut into small parts, the first byte says how small, against the same read from end to end."""
    from triage.logs import parts
    from triage.logs.parse import Parser

    text = LogText(name="fuzz", data=data[1:])
    whole = Parser(text)
    events = list(whole.events())
    size = 20 * (data[0] + 1) if data else 20
    with patch.multiple(parts, SIZE=size, DENSE=sys.maxsize):
        told = parts.Parts(text, Limits(), lambda event: event, 2)
        assert (list(told), told.residue) == (events, whole.residue)


def case(data: bytes) -> None:
    """From the log to the report, redacted as well."""
    from triage import pipeline, report
    from triage.logs.parse import Parser

    text = LogText(name="fuzz", data=data)
    cases = pipeline.judge_logs([(text, list(Parser(text).events()))])
    report.render("markdown", cases)
    report.render("json", Redactor().redact(cases))


def grammar(data: bytes) -> None:
    """One kind's grammar (the first byte names it) on every line, whether or not an anchor stands in it."""
    from triage.logs.grammar import Record, kinds, load
    from triage.logs.lines import LineReader
    from triage.logs.parse import Parser
    from triage.report import writer

    names = sorted(kinds())
    loaded = load(names[data[0] % len(names)] if data else names[0])
    reader, record = LineReader(data[1:]), Record(loaded)
    while line := reader.read():
        if (token := loaded.classify(line)) is not None:
            record.feed(token)
    if record.tokens:
        lines = [token.line for token in record.tokens]
        for event in Parser(LogText(name="fuzz", data=data)).build(loaded, record.fields(), lines):
            writer("jsonl")(event)


def prefix(data: bytes) -> None:
    """What stands before a message on its line."""
    from triage.logs.prefix import split

    for line in data.decode("utf-8", "replace").split("\n"):
        split(line)


def container(data: bytes) -> None:
    """Archives, compressed files, journal formats: whatever a file turns out to be."""
    path = stored(data, "input")
    for found in inputs.find([str(path)], limits=SMALL):
        if isinstance(found, LogText):
            bytes(found.data[0 : len(found.data)])
            found.number(1)


def layout(data: bytes) -> None:
    """A tree whose member names the input chooses: a name a line, the rest behind an empty line is what each holds."""
    import io
    import tarfile

    names, _, content = data.partition(b"\n\n")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in names.decode("utf-8", "replace").split("\n")[:40]:
            member = tarfile.TarInfo(name[:300])
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    list(inputs.find([str(stored(made.getvalue(), "input"))], limits=SMALL))


def form(data: bytes) -> None:
    """One format that is not plain text (the first byte names it): netconsole, the journal's forms, JSON lines."""
    from triage import registry
    from triage.inputs import formats

    modules = registry.modules("triage.inputs.formats")
    module = modules[(data[0] if data else 0) % len(modules)]
    module.sniff(data[1:65536], data[1:])
    logs, _ = formats.collect(module.convert(data[1:]))
    for log in logs:
        assert bytes(log.data.buffer()).count(b"\n") == len(log.numbers)


def rasdaemon(data: bytes) -> None:
    """rasdaemon's SQLite database."""
    list(inputs.find([str(stored(data, "ras-mc_event.db"))], limits=SMALL))


def pstore(data: bytes) -> None:
    """A crash directory whose files are the pieces between NUL bytes."""
    folder = scratch() / "pstore"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for number, piece in enumerate(data.split(b"\0\0")[:6]):
        (folder / f"dmesg-efi_pstore-1795399907{number:02d}001").write_bytes(piece)
    list(inputs.find([str(folder)], limits=SMALL))


def board(data: bytes) -> None:
    """The board's inventory and the BMC's event log."""
    from triage.correlate import board as reader

    text = data.decode("utf-8", "replace")
    reader.slots(text)
    reader.bmc_events(text)


def core(data: bytes) -> None:
    """The headers and notes of a core of any form, and VMCOREINFO in them."""
    from triage.vmcore import corenotes, detect

    path = str(stored(data, "vmcore"))
    with suppress(ValueError):
        form = detect.detect(path).format
        for note in corenotes.notes(path, form):
            note.data.decode("utf-8", "replace")


def vmcoreinfo(data: bytes) -> None:
    """The note that describes the kernel, the pages that a log in it names, and the log buffer that it locates."""
    from triage.vmcore import core, kernellog, opening

    with suppress(*core.DAMAGE):
        text = data.decode("ascii", "replace")
        kernellog.parse(text)
        memory = Memory(data)
        memory.info |= opening.parse_vmcoreinfo(text)
        if "SYMBOL(prb)" in memory.info:  # older logs are read by drgn
            kernellog.read_log(memory)  # type: ignore[arg-type]


def symbols(data: bytes) -> None:
    """The kernel's own symbol table, where VMCOREINFO says it lies and where it is found by its shape."""
    from triage.vmcore import core, kallsyms, kallsymsearch

    memory = Memory(data)
    for places in (lambda: SYMBOLS, lambda: kallsymsearch.search(memory, BASE) | {"_stext": BASE}):  # type: ignore[arg-type]
        with suppress(*core.DAMAGE):
            table = kallsyms.Kallsyms(memory, places())  # type: ignore[arg-type]
            table(memory, "_stext", None, True)  # type: ignore[arg-type]
            table(memory, None, BASE + 4660, True)  # type: ignore[arg-type]
            table.reduced()


def orc(data: bytes) -> None:
    """The tables by which stacks are unwound, where the first words of the input say that they lie."""
    from triage.vmcore import core
    from triage.vmcore import orc as reader

    class Tables(Memory):
        def symbol_address(self, name: str) -> int:
            places = ("__start_orc_unwind_ip", "__stop_orc_unwind_ip", "__start_orc_unwind", "__stop_orc_unwind")
            return BASE + self.read_u32(BASE + 4 * places.index(name))

    with suppress(*core.DAMAGE):
        memory = Tables(data)
        for address, content in reader.reduced(memory, [BASE + 100, 0, BASE]):  # type: ignore[arg-type]
            assert len(memory.read(address, len(content))) == len(content)


def minicore(data: bytes) -> None:
    """A core of few pages: its note of what was left out; and a flattened file put in order."""
    from triage.vmcore import detect, flattened

    path = stored(data, "minicore")
    with suppress(ValueError):
        detect.detect(str(path))
    with suppress(ValueError, OSError, TriageError), path.open("rb") as file, tempfile.TemporaryFile() as plain:
        if flattened.is_cut(file):
            flattened.rearrange(file, plain)


def mapping(data: bytes) -> None:
    """The file that says which token stands for what."""
    from triage import mapfile

    with suppress(TriageError):
        redactor = mapfile.load(str(stored(data, "map")))
        redactor.text("srv9.acme.example at 0xffff888104a3f678")
        redactor.redact(["srv9.acme.example"])


def btf(data: bytes) -> None:
    """Type information out of a core; what names a type that is not there is a ValueError or an IndexError."""
    from triage.vmcore.btf import Btf, Kind, reduced

    with suppress(ValueError, IndexError):
        index = Btf(data)
        for number in range(1, min(len(index), 200) + 1):
            entry = index.entry(number)
            if entry.kind in (Kind.STRUCT, Kind.UNION):
                index.members(entry)
            elif entry.kind in (Kind.ENUM, Kind.ENUM64):
                index.enumerators(entry)
        index.constant("PG_locked")
        reduced(data, {1})


def answer(data: bytes) -> None:
    """What comes back from the process that reads a core."""
    from triage.vmcore import parent, wire

    parts = parent.Parts("vmcore")
    for line in data.split(b"\n"):
        with suppress(wire.WireError):
            parts.add(*wire.decode(line))
    with suppress(TriageError):
        parts.facts(None)


def redact(data: bytes) -> None:
    """Any text is redacted, and what a field told is found whatever stands around it."""
    text = data.decode("utf-8", "replace")
    redactor = Redactor()
    redactor.learn(host="srv9.acme.example")
    assert "acme.example" not in redactor.text(f"{text} srv9.acme.example {text[::-1]}", 16) or "acme.example" in text


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        log, parts, case, prefix, grammar, container, layout, form, rasdaemon, pstore, board, core, minicore,
        vmcoreinfo, symbols, orc, btf, answer, redact, mapping,
    )
}  # fmt: skip
if find_spec("drgn") is None:  # where cores cannot be read at all
    TARGETS = {name: each for name, each in TARGETS.items() if name not in ("vmcoreinfo", "symbols", "orc")}
