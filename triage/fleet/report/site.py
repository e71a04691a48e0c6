"""The static site: an index, listings, a page per signature, host, module and case. Works from a file as from a web
server.

Case pages hold no script and are kept from run to run: a case's identity is that of its content.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from triage import __version__, resources
from triage.fleet import memory
from triage.fleet.report import columns, names, plots
from triage.fleet.report.files import put
from triage.fleet.report.listing import Column, Row, count, day, listing, missing
from triage.fleet.statistics.association import rows_of
from triage.fleet.statistics.gather import TABLES, Statistics
from triage.fleet.statistics.morning import some
from triage.model import Case
from triage.report.escape import visible
from triage.report.html import sections
from triage.report.templates import environment
from triage.report.view import view

if TYPE_CHECKING:
    from pandas import DataFrame

    from triage.fleet.store import Store

TOP = 15  # rows of a table on the index
PART = 20_000  # rows of a list in one page, which then is five megabytes and searched while one types
FOLDERS = ("s", "h", "m", "c")
SCRIPTED = "script-src 'unsafe-inline'; "
IDENTITY = re.compile(r"[0-9a-f]{16}-\d{1,9}")
MARK = ".triage-fleet"  # a directory with it is a site of ours: its pages may be replaced


class SiteError(OSError):
    """The site's directory holds something else."""


def write(folder: Path, store: Store, statistics: Statistics) -> None:
    """Write the site; raises OSError."""
    prepare(folder, store.stamp)
    writer = Writer(folder)
    cases = with_notes(statistics)
    writer.groups(statistics, cases)
    writer.cases(store, cases)
    writer.listings(statistics, cases)
    writer.index(statistics, store.note)
    writer.clean()
    (folder / MARK).write_text(fingerprint(store.stamped()), encoding="utf-8")


def prepare(folder: Path, stamp: str) -> None:
    """Make the directory, or take one that is ours; pages that would be written otherwise now are thrown away."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists() and any(folder.iterdir()):
        raise SiteError(17, "not empty and no fleet report; name a new or empty directory", str(folder))
    version = fingerprint(stamp)
    if mark.exists() and mark.read_text(encoding="utf-8") != version:
        for page in folder.glob("c/*.html"):
            page.unlink()
    mark.write_text("" if stamp else version, encoding="utf-8")  # tokens of a run that was killed are lost
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)


def fingerprint(stamp: str) -> str:
    """Of the templates, the program and the store's stamp: what case pages depend on beside their case."""
    parts = sorted(path for path in resources.folder("reports/templates").rglob("*") if path.is_file())
    return hashlib.sha256(
        b"".join([__version__.encode(), stamp.encode(), *(path.read_bytes() for path in parts)])
    ).hexdigest()


def with_notes(statistics: Statistics) -> list[Row]:
    """The cases, newest first, each with a word on what the fleet knows of it beyond its own log."""
    assert statistics.cases is not None
    cases = statistics.cases.sort_values("wall_time", ascending=False, na_position="last").copy()
    cases["note"] = cases["suspect"].map({True: "hardware-suspect", False: None})
    return rows_of(cases)


def newest(weeks: DataFrame) -> list[Row]:
    """Of the signatures that got worse those of the newest week."""
    return [row for row in rows_of(weeks[weeks["week"] == weeks["week"].max()]) if row["meaning"] == "more often"]


def suspects(signatures: DataFrame) -> list[Row]:
    """The signatures that follow memory errors."""
    return [row for row in rows_of(signatures) if str(row["meaning"]).startswith("hardware-suspect")]


def grouped(rows: Iterable[Row], field: str) -> dict[Any, list[Row]]:
    """Rows by one of their fields; those that lack it are left out."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if not missing(row[field]):
            found[row[field]].append(row)
    return found


class Writer:
    """Writes pages, and knows which it has written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.written = folder, set[str]()
        self.templates = environment("html").overlay()
        self.templates.filters = {
            **self.templates.filters, "num": count, "some": some, "day": day, "known": lambda value: not missing(value),
        }  # fmt: skip
        base = resources.folder("reports/templates")
        self.style = Markup(
            (base / "style.css").read_text(encoding="utf-8") + (base / "fleet/fleet.css").read_text(encoding="utf-8")
        )
        self.script = Markup((base / "fleet/list.js").read_text(encoding="utf-8"))

    def page(self, target: str, template: str, **values: Any) -> None:
        """One page, whole or not at all."""
        root = "../" if "/" in target else ""
        text = self.templates.get_template(f"fleet/{template}").render(
            style=self.style,
            script=self.script,
            root=root,
            scripted=SCRIPTED if template != "case.html" else "",
            version=__version__,
            **values,
        )
        put(self.folder / target, text)
        self.written.add(target)

    def parts(self, target: str, template: str, rows: list[Row], shown: Sequence[Column], **values: Any) -> None:
        """A page with a list, and further ones `target-2.html` ... where the list is too long for one."""
        starts = range(0, len(rows) or 1, PART)
        pages = [target, *(f"{target.removesuffix('.html')}-{n}.html" for n in range(2, len(starts) + 1))]
        ways = [
            (f"{start + 1:,} to {min(start + PART, len(rows)):,}", page.rpartition("/")[2])
            for start, page in zip(starts, pages, strict=True)
        ]
        root = "../" if "/" in target else ""
        for number, (start, page) in enumerate(zip(starts, pages, strict=True)):
            listed = listing("list", rows[start : start + PART], shown, root)
            self.page(page, template, rows=listed, ways=ways, here=number, **values)

    def index(self, statistics: Statistics, note: str | None) -> None:
        """The first page: totals, pictures, the head of every table. `note`: what its reader must know."""
        tables = statistics.tables
        assert statistics.survival is not None and statistics.dated is not None
        top = {name: listing(name, tables[name].head(TOP), columns.BY_TABLE[name]) for name in TABLES}
        pictures = {
            "in_use": plots.in_use(statistics.survival.curve), "by_week": plots.by_week(statistics.dated),
            "ratios": plots.ratios(tables["sites"]),
        }  # fmt: skip
        self.page(
            "index.html", "index.html", title="Fleet", totals=statistics.totals, tables=top, about=TABLES,
            survival=statistics.survival, week=statistics.week, note=note,
            sizes={name: len(frame) for name, frame in tables.items()},
            replaced=int((tables["replace"]["do"] == "replace").sum()),
            worse=listing("worse", newest(tables["weeks"]), columns.WORSE),
            bad=listing("bad", suspects(tables["signatures"]), columns.BAD),
            pictures={name: Markup(picture) if picture else None for name, picture in pictures.items()},
        )  # fmt: skip

    def listings(self, statistics: Statistics, cases: list[Row]) -> None:
        """One page for each whole table, and the list of all cases."""
        for name, about in TABLES.items():
            rows, title = rows_of(statistics.tables[name]), name.replace("_", " ").capitalize()
            self.parts(f"{name}.html", "listing.html", rows, columns.BY_TABLE[name], title=title, about=about)
        about = "Every case, the newest first."
        self.parts("cases.html", "listing.html", cases, columns.CASES, title="Cases", about=about)

    def groups(self, statistics: Statistics, cases: list[Row]) -> None:
        """The pages of signatures, hosts and modules."""
        of_title, of_host = grouped(cases, "title"), grouped(cases, "host")
        for row in rows_of(statistics.tables["signatures"]):
            self.group("signature", names.signature(row["title"]), row["title"], row, of_title[row["title"]])
        modules = rows_of(statistics.tables["modules"])
        beside, running = grouped(modules, "host"), set(statistics.tables["running"]["host"])
        for row in rows_of(statistics.tables["hosts"]):
            if not missing(host := row["host"]):
                advice = "Its newest boot left corrupt memory in use: drain and reboot." if host in running else ""
                self.group("host", names.host(host), host, row, of_host[host], beside[host], advice)
        replace = rows_of(statistics.tables["replace"])
        told = {(row["owner"], row["dimm"]): f"{row['do'].capitalize()}: {row['why']}." for row in replace}
        of_boot = grouped(cases, "boot")
        for row in modules:
            host, owner, dimm = row["host"], row["owner"], row["dimm"]
            title = f"{dimm} of {'a host without a name' if missing(host) else host}"
            mine, advice = of_boot[owner] if missing(host) else of_host[host], told.get((owner, dimm), "")
            self.group("module", names.module(owner, dimm), title, row, mine, advice=advice)

    def group(self, kind: str, page: str, title: str, row: Row, cases: list[Row], modules: Sequence[Row] = (),
              advice: str = "") -> None:  # fmt: skip
        """One page about what several cases have in common: what to do, its row of the statistics, its cases."""
        facts = columns.OF_GROUP[kind]
        self.parts(
            page, "group.html", cases, columns.CASES_OF[kind], kind=kind, title=visible(title, 300), advice=advice,
            facts=listing("facts", [row], facts, "../"),
            modules=listing("modules", list(modules), columns.MODULES_OF_HOST, "../") if modules else None,
        )  # fmt: skip

    def cases(self, store: Store, cases: list[Row]) -> None:
        """A page per case that counts; those that are there already stay as they are."""
        hosts = {row["case"]: row["host"] for row in cases if IDENTITY.fullmatch(row["case"])}
        self.written |= {names.case(name) for name in hosts}
        absent = {name for name in hosts if not (self.folder / names.case(name)).exists()}
        for name, data in stored(store) if absent else ():
            if name in absent:
                self.case(name, store.case(data), hosts[name])

    def case(self, name: str, case: Case, host: Any) -> None:
        """The page of one case: the report that `triage analyze --html` makes of it, and the ways to its groups."""
        shown = view(case)
        ways = [] if missing(host) else [("host", visible(host, 80), names.host(host))]
        if case.crash:
            ways.append(("signature", visible(case.crash.title, 120), names.signature(case.crash.title)))
        owner = name if missing(host) else host  # a case is called like its boot
        ways += [("module", visible(dimm, 80), names.module(owner, dimm)) for dimm in modules_of(case)]
        ways = [way for way in ways if way[2] in self.written]
        self.page(
            names.case(name), "case.html", title=shown.title, name=name, tone=shown.tone, ways=ways,
            sections=sections(shown),
        )  # fmt: skip

    def clean(self) -> None:
        """Remove pages of what is no longer there."""
        parts = (*self.folder.glob("*-[0-9]*.html"), *self.folder.glob(".*.tmp"))
        for page in (*parts, *(page for name in FOLDERS for page in (self.folder / name).iterdir())):
            if str(page.relative_to(self.folder)) not in self.written:
                page.unlink()


def modules_of(case: Case) -> list[str]:
    """The memory modules that the errors of a case name."""
    found = (memory.module(error.location) for _, error in case.errors)
    return list(dict.fromkeys(dimm for dimm in found if dimm))


def stored(store: Store) -> Iterator[tuple[str, bytes]]:
    """The cases of a store, file by file, as they lie there."""
    for table in store.batches("documents", ["case", "held"]):
        yield from zip(table["case"].to_pylist(), table["held"].to_pylist(), strict=True)
