"""The tables of the store: every column with its type, its unit and its meaning, in one place.

A column is `"name type: meaning"`; `u64` (addresses, frame numbers) is unsigned because a float or a signed integer
would falsify
0xffff888000000001. Readers must take every column as nullable. `docs/fleet.md` shows the tables to users.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pyarrow as pa

VERSION = 1
FORMAT = "vmtriage-fleet"

TYPES: dict[str, pa.DataType] = {
    "str": pa.string(),
    "strs": pa.list_(pa.string()),
    "u64": pa.uint64(),
    "i64": pa.int64(),
    "f64": pa.float64(),
    "bool": pa.bool_(),
    "bytes": pa.binary(),
    "time": pa.timestamp("us", tz="UTC"),
}

# What several tables share: which input the row came from, and whose boot it is about.
ORIGIN = (
    "input str: identity of the input by its content",
    "boot str: identity of the boot",
    "host str: as the log names it, else as the archive does",
)

TABLES: dict[str, tuple[str, ...]] = {
    "cases": (
        *ORIGIN,
        "case str: identity of the case, stable over runs",
        "unit str: the input as it was named: a file, a crash directory, an archive, a URL",
        "boot_id str: random id of the boot (journald), where known",
        "keys strs: identities of the crashes; cases that share one are one crash",
        "duplicate_of str: the case that tells more of the same crash; such rows are left out of statistics",
        "wall_time time: of the crash, else of the first error, else of the input",
        "time_source str: log | core | path | file",
        "kernel str: release",
        "arch str",
        "hardware str: vendor and model of the machine",
        "cause str: memory-error | other-hardware | software | operator | unknown | no-crash",
        "confidence str: proven | strong | likely | weak | none",
        "summary str: the verdict's sentence",
        "software_excluded bool",
        "crashed bool: the boot ended in a crash (not a mere warning)",
        "title str: signature of the crash",
        "type str: class of the crash",
        "function str",
        "module str",
        "time f64: printk seconds of the crash",
        "pfn u64: the page that is blamed",
        "page_type str: its type",
        "type_source str: core | log | inferred",
        "match str: best link from the crash to that page: line | page | time",
        "lag f64: seconds from the page's first record to the crash",
        "errors i64: hardware error records",
        "pages i64: pages with a record or a verdict",
        "open_pages i64: pages left in use",
        "core bool: a vmcore took part",
        "sources strs",
    ),
    "boots": (
        *ORIGIN,
        "case str: the case of this boot, null where nothing happened",
        "duplicate_of str: the case of which this boot is another copy",
        "unit str",
        "kernel str",
        "arch str",
        "hardware str",
        "wall_time time: of the crash, else of the last event",
        "started time: when the kernel's clock began, where an event has both clocks",
        "begin f64: printk seconds of the first line seen",
        "end f64: printk seconds of the last line seen; null: no times, exposure unknown",
        "error f64: printk seconds of the first uncorrected memory error record of this boot",
        "erred bool: such a record exists, with or without a time",
        "crash f64: printk seconds of the crash",
        "crashed bool",
        "title str: signature of the crash",
        "function str: where it crashed",
        "hardware_crash bool: a crash that is hardware by definition (machine check, external abort, fatal record)",
    ),
    "crashes": (
        *ORIGIN,
        "case str",
        "number i64: place in the boot, from 0",
        "main bool: the one that the case explains",
        "title str",
        "type str",
        "function str",
        "offset i64: bytes into the function",
        "module str",
        "time f64: printk seconds",
        "wall_time time",
        "task str",
        "pid i64",
        "cpu i64",
        "kernel str",
        "arch str",
        "taint strs: letters",
        "fault_address u64",
        "panic str: what the panic said",
    ),
    "errors": (
        *ORIGIN,
        "case str: null where the boot is no case (corrected errors only)",
        "error str: id in the case",
        "kind str: reporter",
        "component str: memory | cache | processor | bus | pcie | cxl | platform | unknown",
        "severity str: corrected | deferred | recoverable | fatal",
        "what str: the reporter's words",
        "time f64: printk seconds",
        "wall_time time",
        "physical_address u64",
        "granularity i64: bytes that the reporter vouches for",
        "page u64: frame number as the reporter printed it",
        "dimm str: identity of the memory module on its host, as precisely as the record names it",
        "node str",
        "channel str",
        "rank str",
        "device str: chip on the module",
        "bank str",
        "row str",
        "column str",
        "bit str: bit position or syndrome",
        "cpu i64",
        "count i64: errors that one record stands for",
        "previous_boot bool",
        "injected bool",
        "twin bool: another reporter's copy of an error that has its own row; left out of counts",
    ),
    "pages": (
        *ORIGIN,
        "case str",
        "pfn u64",
        "physical_address u64",
        "type str: what the page was when the error struck",
        "type_source str: core | log | inferred",
        "log_label str: verbatim",
        "log_result str: verbatim",
        "poisoned bool",
        "injected bool",
        "open bool: left in use (Ignored, Failed, or a record without a verdict)",
        "recorded bool: an uncorrected error record names it",
        "blamed bool",
        "dimm str",
        "first_seen f64: printk seconds of the first record or verdict",
        "last_seen f64: printk seconds of the crash, else of the last line seen; null: unknown",
        "crashed bool: the boot ended in a crash",
    ),
    "links": (
        *ORIGIN,
        "case str",
        "pfn u64",
        "match str: line | page | time",
        "via str: x8, x19+0x18, MCi_ADDR bank 9 ...",
        "address u64",
        "translation str: hardware | core | log | inferred",
        "granularity i64",
        "lag f64: seconds from the page's record to the crash",
    ),
    "whatif": (
        *ORIGIN,
        "case str",
        "kernel str",
        "policy str: v4 | linux-7.3",
        "pfn u64",
        "page_type str",
        "would_panic str: yes | no | depends",
        "at f64: printk seconds",
        "lead f64: seconds by which it comes before the crash",
        "actual bool: this very kernel did panic there",
        "blamed bool: the crash is blamed on this page",
        "crashed bool",
        "memory_crash bool: the case's cause is memory-error",
    ),
    "hosts": (
        "input str: identity of the input by its content",
        "host str",
        "hardware str",
        "arch str",
        "first_time time: of the oldest boot or crash whose wall time is known",
        "last_time time",
        "boots i64",
        "seconds f64: boot time seen in the logs",
        "crashes i64",
        "corrected i64: corrected memory errors, counted as their records count",
        "uncorrected i64: records of uncorrected memory errors",
    ),
    "failures": (
        "input str: as in inputs",
        "unit str",
        "source str: the file of the unit that could not be read, if it is not the whole",
        "reason str",
        "kind str: refused (not readable) | unread (not there just now: the next run tries again) | time | memory | "
        "died | partial (read, but not all of it)",
        "run str: when the run began, UTC",
    ),
    "documents": (
        "input str: see inputs",
        "case str",
        "json str: the case as `triage analyze --json` writes it",
        "held bytes: the case with its raw lines, for the reports: MessagePack in a form of triage's own",
    ),
    "inputs": (
        "input str: identity of the unit's name; all tables but this one and failures go by content",
        "unit str: the path or URL",
        "paths strs: what is read",
        "size i64: bytes, over all files",
        "modified i64: latest modification, nanoseconds since 1970",
        "content str: SHA-256 of the content; of several files, of their hashes",
        "rows str: `input` of its rows in other tables: its content, or an identity that inputs with one crash share",
        "status str: done | duplicate | nothing (no boot in it) | failed",
        "run str: when the run began, UTC",
    ),
}


@cache
def schema(table: str) -> pa.Schema:
    """The Arrow schema of a table; each field carries its meaning, the schema carries the version."""
    fields = []
    for column in TABLES[table]:
        head, _, meaning = column.partition(": ")
        name, kind = head.split(" ") if " " in head else (head, "str")
        fields.append(pa.field(name, TYPES[kind], metadata={"meaning": meaning} if meaning else None))
    return pa.schema(fields, metadata={"format": FORMAT, "version": str(VERSION), "table": table})


def columns(table: str) -> tuple[str, ...]:
    """The names of a table's columns, in order."""
    return tuple(schema(table).names)


def arrow(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as an Arrow table; a missing key is null, a key that is no column is an error of ours and raises."""
    known = set(columns(table))
    for row in rows:
        if extra := row.keys() - known:
            raise KeyError(f"{table} has no column {', '.join(sorted(extra))}")
    return pa.Table.from_pylist(rows, schema=schema(table))
