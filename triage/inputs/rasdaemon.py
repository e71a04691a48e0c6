"""rasdaemon's SQLite database (ras-mc_event.db, 0.6 to 0.8) as the lines that the kernel would have logged.

Its rows come from trace events, which the kernel's log often lacks. So that one set of grammars reads both, each row is
written in the kernel's own words, with the row's clock before it; a line's number is the row's id in its table.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from itertools import count
from typing import Any

from triage.inputs.buffers import Buffer
from triage.inputs.formats import Line, Lost, render

NAME = "rasdaemon"
DATABASE_MAX = 512 << 20  # bytes
ROWS_MAX = 1_000_000
STEPS_MAX = 50_000_000  # of SQLite's virtual machine, in all
STEPS = 1000  # between two looks at that
UNSIGNED = (1 << 64) - 1  # SQLite's integers are signed
SEVERITIES = ("recoverable", "fatal", "corrected", "info")  # severity of a CPER record
MEMORY_ERRORS = (
    "unknown", "no error", "single-bit ECC", "multi-bit ECC", "single-symbol chipkill ECC", "multi-symbol chipkill ECC",
    "master abort", "target abort", "parity error", "watchdog timeout", "invalid address", "mirror Broken",
    "memory sparing", "scrub corrected error", "scrub uncorrected error", "physical memory map-out event",
)  # fmt: skip
# rasdaemon names page types by the kernel's numbers, with a list frozen at 6.1; other kernels number otherwise
# (MF_PAGE_TYPE in include/ras/ras_event.h). Each list: number -> label.
TAIL = (
    "unmapping failed page", "dirty swapcache page", "clean swapcache page", "dirty mlocked LRU page",
    "clean mlocked LRU page", "dirty unevictable LRU page", "clean unevictable LRU page", "dirty LRU page",
    "clean LRU page", "already truncated LRU page", "free buddy page",
)  # fmt: skip
HEAD = ("reserved kernel page", "high-order kernel page")
COMPOUND = "different compound page after locking"
PAGE_TYPES: tuple[tuple[tuple[int, int], tuple[str, ...]], ...] = (
    ((6, 12), (*HEAD, COMPOUND, "huge page", "free huge page", "get hwpoison page", *TAIL, "dax page", "unsplit thp")),
    ((5, 16), (*HEAD, "kernel slab page", COMPOUND, "huge page", "free huge page", *TAIL, "dax page", "unsplit thp")),
    (
        (0, 0),
        (*HEAD, "kernel slab page", COMPOUND, "huge page already hardware poisoned", "huge page", "free huge page",
         "non-pmd-sized huge page", *TAIL, "free buddy page (2nd try)", "dax page", "unsplit thp"),
    ),
)  # fmt: skip
STORED = PAGE_TYPES[1][1]
UNKNOWN = "unknown page"

Row = Mapping[str, Any]
DAMAGE = (sqlite3.Error, ValueError, OverflowError, MemoryError)  # what SQLite has for a file that is not sound
IMPOSSIBLE = "a value of impossible size"


def convert(data: Buffer, kernel: str | None = None) -> Iterator[Line | Lost]:
    """All rows that tell of hardware errors, by their clocks; `kernel`: the release that ran, if it is known."""
    if len(data) > DATABASE_MAX:
        yield Lost("the database is too big")
        return
    rows = list[tuple[float, int, str, Row]]()
    tables, damage = read(bytes(data[0 : len(data)]))
    yield from damage
    known = tables.keys() & WORDS.keys()
    if not known:
        if not damage:
            yield Lost("an SQLite database, but not rasdaemon's")
        return
    for table, found in tables.items():
        if table in WORDS:
            rows += [(moment(row), number, table, row) for number, row in enumerate(found, 1)]
        elif found and table.endswith("_event"):
            yield Lost(f"{len(found)} rows of {table} are not used")
    era, shift = page_types(kernel), page_shift(tables)
    if era is None and tables.get("memory_failure_event"):
        yield Lost("page types of memory failures need the kernel's release to be told for certain")
    for wall, number, table, row in sorted(rows, key=lambda r: r[:2]):
        text = WORDS[table]({**row, "era": era, "shift": shift})
        yield Line(render(text, wall=wall or None), integer(row, "id") or number)


def read(raw: bytes) -> tuple[dict[str, list[Row]], list[Lost]]:
    """The rows of every table of errors, and what is damaged; SQLite sees a copy, so nothing is written to the file."""
    # Write-ahead mode needs files beside the database; what is checkpointed reads as if written directly.
    raw = raw[:18] + b"\x01\x01" + raw[20:]
    tables, damage, steps = dict[str, list[Row]](), list[Lost](), count(STEPS_MAX // STEPS, -1)
    with closing(sqlite3.connect(":memory:")) as base:
        base.set_progress_handler(lambda: next(steps) <= 0, STEPS)
        base.row_factory = sqlite3.Row
        base.text_factory = lambda text: text.decode("utf-8", "replace")
        try:
            base.deserialize(raw)
            base.execute("PRAGMA trusted_schema = OFF")
            found = base.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            names = [row[0] for row in found if isinstance(row[0], str)]  # a damaged page may hold any type
        except DAMAGE as error:
            return {}, [Lost(f"damaged: {str(error) or IMPOSSIBLE}")]
        for name in names:
            if re.fullmatch(r"\w{1,40}_(?:event|record)", name):
                rows = tables.setdefault(name, [])
                try:
                    for row in base.execute(f'SELECT * FROM "{name}" LIMIT {ROWS_MAX}'):
                        rows.append(dict(row))
                except DAMAGE as error:
                    damage.append(
                        Lost(f"{name} is damaged: {str(error) or IMPOSSIBLE}; the rows before that are analysed")
                    )
    return tables, damage


def moment(row: Row) -> float:
    """Unix seconds of a row: `2026-11-23 02:11:47 +0000`; 0 where there is no such time."""
    try:
        return datetime.strptime(str(row.get("timestamp")), "%Y-%m-%d %H:%M:%S %z").timestamp()
    except ValueError:
        return 0.0


def integer(row: Row, column: str) -> int:
    """A number of a row, unsigned; 0 where the column is missing or holds none."""
    value = row.get(column)
    if isinstance(value, str):
        try:
            value = int(value, 0)
        except ValueError:
            return 0
    return value & UNSIGNED if isinstance(value, int) else 0


def page_types(kernel: str | None) -> tuple[str, ...] | None:
    """The page types of a kernel by number; None if the release is not known."""
    found = re.match(r"(\d+)\.(\d+)", kernel or "")
    release = (int(found[1]), int(found[2])) if found else None
    return next((labels for since, labels in PAGE_TYPES if release and release >= since), None)


def page_type(stored: str, era: tuple[str, ...] | None) -> str:
    """What a page was, out of what rasdaemon wrote; unknown where the kernel's numbers would have to be guessed."""
    if stored not in STORED:
        return UNKNOWN
    number = STORED.index(stored)
    if era is None:
        labels = {types[number] for _, types in PAGE_TYPES}
        return labels.pop() if len(labels) == 1 else UNKNOWN
    return era[number]


def page_shift(tables: Mapping[str, list[Row]]) -> int:
    """log2 of the page size: that by which a memory error's address gives a memory failure's page; else 12."""
    pages = {integer(row, "pfn") for row in tables.get("memory_failure_event", ())} - {0}
    addresses = {integer(row, "address") for row in tables.get("mc_event", ())}
    return next((shift for shift in (12, 16, 14) if any(a >> shift in pages for a in addresses)), 12)


def memory_error(row: Row) -> str:
    """`EDAC MC0: 1 CE memory read error on DIMM_A1 (top:1 middle:0 page:0x1a2b3 offset:0x340 grain:64 syndrome:0x0)`"""
    kind = "CE" if str(row.get("err_type")) in ("Corrected", "Info") else "UE"
    layers = [
        f"{name}:{row[f'{name}_layer']}" for name in ("top", "middle", "lower") if known_layer(row.get(f"{name}_layer"))
    ]
    address, grain = integer(row, "address"), integer(row, "grain")
    page, offset = address >> row["shift"], address & ((1 << row["shift"]) - 1)
    syndrome = f" syndrome:{integer(row, 'syndrome'):#x}" if kind == "CE" else ""
    detail = f" - {word(row, 'driver_detail')}" if word(row, "driver_detail") else ""
    grain = 1 << grain if grain < 40 else 0  # the trace event has its logarithm
    place = f"{' '.join(layers)} page:{page:#x} offset:{offset:#x} grain:{grain}{syndrome}{detail}"
    message, label = f"{word(row, 'err_msg')} on".lstrip(), word(row, "label") or "unknown memory"
    return f"EDAC MC{integer(row, 'mc')}: {integer(row, 'err_count') or 1} {kind} {message} {label} ({place})"


def known_layer(value: object) -> bool:
    """A layer that this controller has: others are -1 or 255."""
    return isinstance(value, int) and 0 <= value < 255


def word(row: Row, column: str) -> str:
    """A text of a row on one line."""
    value = row.get(column)
    return " ".join(value.split()) if isinstance(value, str) else ""


def machine_check(row: Row) -> str:
    """The lines of one bank, as the kernel prints them on a machine check."""
    n = {
        key: integer(row, key)
        for key in ("cpu", "mcgstatus", "bank", "status", "tsc", "addr", "misc", "ppin", "walltime")
    }
    check = "Machine Check Exception" if n["mcgstatus"] & 4 else "Machine Check"
    head = "mce: [Hardware Error]:"
    registers = "".join(f" {key.upper()} {n[key]:x}" for key in ("addr", "misc", "ppin") if n[key])
    processor = (
        f"{integer(row, 'cpuvendor')}:{integer(row, 'cpuid'):x} TIME {n['walltime']} SOCKET {integer(row, 'socketid')}"
    )
    return (
        f"{head} CPU {n['cpu']}: {check}: {n['mcgstatus']:x} Bank {n['bank']}: {n['status']:016x}\n"
        f"{head} TSC {n['tsc']:x}{registers} \n"
        f"{head} PROCESSOR {processor} APIC {integer(row, 'apicid'):x} microcode {integer(row, 'microcode'):x}"
    )


def memory_failure(row: Row) -> str:
    """`Memory failure: 0x1a2b3: recovery action for dirty LRU page: Recovered`"""
    label = page_type(word(row, "page_type"), row["era"])
    return f"Memory failure: {integer(row, 'pfn'):#x}: recovery action for {label}: {word(row, 'action_result')}"


def aer(row: Row) -> str:
    """`aer_event: 0000:03:00.0 PCIe Bus Error: severity=Corrected, Receiver Error, TLP Header=Not available`"""
    severity, bits = word(row, "err_type"), word(row, "err_msg")
    return f"aer_event: {word(row, 'dev_name')} PCIe Bus Error: severity={severity}, {bits}, TLP Header=Not available"


def extended_log(row: Row) -> str:
    """A memory error of the firmware's extended log as a CPER record."""
    number, severity, kind = integer(row, "id"), integer(row, "severity"), integer(row, "etype")
    severity_word = SEVERITIES[severity] if severity < len(SEVERITIES) else "unknown"
    head = f"{{{number}}}[Hardware Error]:"
    fru = f"{head}  fru_text: {word(row, 'fru_text')}\n" if word(row, "fru_text") else ""
    return (
        f"{head} event severity: {severity_word}\n"
        f"{head}  Error 0, type: {severity_word}\n{fru}"
        f"{head}   section_type: memory error\n"
        f"{head}   physical_address: {integer(row, 'address'):#018x}\n"
        f"{head}   error_type: {kind}, {MEMORY_ERRORS[kind] if kind < len(MEMORY_ERRORS) else 'unknown'}"
    )


WORDS: dict[str, Callable[[Row], str]] = {
    "mc_event": memory_error,
    "mce_record": machine_check,
    "memory_failure_event": memory_failure,
    "aer_event": aer,
    "extlog_event": extended_log,
}
