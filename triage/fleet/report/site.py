"""The static site: an index, listings, a page per signature, host, module and case. Works from a file as from a web
server.

Case pages hold no script and are kept from run to run: a case's identity is that of its content.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from triage import __version__, resources
from triage.fleet import held, memory
from triage.fleet.report import columns, names, plots
from triage.fleet.report.listing import count, day, listing, missing
from triage.fleet.statistics.gather import TABLES, Statistics
from triage.model import Case
from triage.report.escape import visible
from triage.report.html import sections
from triage.report.templates import environment
from triage.report.view import view

if TYPE_CHECKING:
    from pandas import DataFrame

    from triage.fleet.store import Store

TOP = 15  # rows of a table on the index
FOLDERS = ("s", "h", "m", "c")
SCRIPTED = "script-src 'unsafe-inline'; "
IDENTITY = re.compile(r"[0-9a-f]{16}-\d{1,9}")
MARK = ".triage-fleet"  # a directory with it is a site of ours: its pages may be replaced


class SiteError(OSError):
    """The site's directory holds something else."""


def write(folder: Path, store: Store, statistics: Statistics) -> None:
    """Write the site; raises OSError."""
    prepare(folder)
    writer = Writer(folder)
    cases = with_notes(statistics)
    writer.index(statistics)
    writer.listings(statistics, cases)
    writer.groups(statistics, cases)
    writer.cases(store, cases)
    writer.clean()


def prepare(folder: Path) -> None:
    """Make the directory, or take one that is ours; pages of an older version are thrown away."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / MARK
    if not mark.exists() and any(folder.iterdir()):
        raise SiteError(17, "not empty and no fleet report; name a new or empty directory", str(folder))
    version = fingerprint()
    if mark.exists() and mark.read_text(encoding="utf-8") != version:
        for page in folder.glob("c/*.html"):
            page.unlink()
    mark.write_text(version, encoding="utf-8")
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)


def fingerprint() -> str:
    """Of the templates and the program: what case pages depend on beside their case."""
    parts = sorted(path for path in resources.folder("reports/templates").rglob("*") if path.is_file())
    return hashlib.sha256(b"".join([__version__.encode(), *(path.read_bytes() for path in parts)])).hexdigest()


def with_notes(statistics: Statistics) -> DataFrame:
    """The cases, newest first, each with a word on what the fleet knows of it beyond its own log."""
    assert statistics.cases is not None
    cases = statistics.cases.sort_values("wall_time", ascending=False, na_position="last").copy()
    cases["note"] = cases["suspect"].map({True: "hardware-suspect", False: None})
    return cases


class Writer:
    """Writes pages, and knows which it has written."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.written = folder, set[str]()
        self.templates = environment("html").overlay()
        self.templates.filters = {
            **self.templates.filters, "num": count, "day": day, "known": lambda value: not missing(value),
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
        draft = self.folder / f"{target}.tmp"
        draft.write_text(text, encoding="utf-8", errors="replace")
        draft.replace(self.folder / target)
        self.written.add(target)

    def index(self, statistics: Statistics) -> None:
        """The first page: totals, pictures, the head of every table."""
        tables = statistics.tables
        assert statistics.survival is not None and statistics.cases is not None
        top = {name: listing(name, tables[name].head(TOP), columns.BY_TABLE[name]) for name in TABLES}
        pictures = {
            "in_use": plots.in_use(statistics.survival.curve), "by_week": plots.by_week(statistics.cases),
            "ratios": plots.ratios(tables["sites"]),
        }  # fmt: skip
        self.page(
            "index.html", "index.html", title="Fleet", totals=statistics.totals, tables=top, about=TABLES,
            survival=statistics.survival,
            sizes={name: len(frame) for name, frame in tables.items()},
            pictures={name: Markup(picture) if picture else None for name, picture in pictures.items()},
        )  # fmt: skip

    def listings(self, statistics: Statistics, cases: DataFrame) -> None:
        """One page for each whole table, and the list of all cases."""
        for name, about in TABLES.items():
            rows = listing(name, statistics.tables[name], columns.BY_TABLE[name])
            self.page(f"{name}.html", "listing.html", title=name.replace("_", " ").capitalize(), about=about, rows=rows)
        self.page(
            "cases.html",
            "listing.html",
            title="Cases",
            about="Every case, the newest first.",
            rows=listing("cases", cases, columns.CASES),
        )

    def groups(self, statistics: Statistics, cases: DataFrame) -> None:
        """The pages of signatures, hosts and modules."""
        for title, group in cases[cases["title"].notna()].groupby("title"):
            self.group(
                names.signature(title),
                "signature",
                str(title),
                group,
                statistics.tables["signatures"],
                {"title": title},
            )
        by_host = dict(list(cases.groupby("host")))
        for host in statistics.tables["hosts"]["host"].dropna():
            self.group(
                names.host(host),
                "host",
                str(host),
                by_host.get(host, cases.head(0)),
                statistics.tables["hosts"],
                {"host": host},
                statistics,
            )
        for host, dimm in statistics.tables["modules"][["host", "dimm"]].itertuples(index=False):
            mine = by_host.get(host, cases.head(0))
            self.group(
                names.module(host, dimm),
                "module",
                f"{dimm} of {host}",
                mine,
                statistics.tables["modules"],
                {"host": host, "dimm": dimm},
            )

    def group(
        self,
        page: str,
        kind: str,
        title: str,
        cases: DataFrame,
        table: DataFrame,
        where: dict[str, Any],
        more: Statistics | None = None,
    ) -> None:
        """One page about what several cases have in common: its row of the statistics, then its cases."""
        mine = table
        for column, value in where.items():
            mine = mine[mine[column] == value] if value == value else mine[mine[column].isna()]
        shown = {"signature": columns.SIGNATURES, "host": columns.HOSTS, "module": columns.MODULES}[kind]
        modules = more.tables["modules"][more.tables["modules"]["host"] == title] if more else None
        self.page(
            page, "group.html", kind=kind, title=visible(title, 300), facts=listing("facts", mine, shown, "../"),
            modules=None if modules is None or modules.empty else listing("modules", modules, columns.MODULES, "../"),
            rows=listing("cases", cases, columns.CASES, "../"),
        )  # fmt: skip

    def cases(self, store: Store, cases: DataFrame) -> None:
        """A page per case that counts; those that are there already stay as they are."""
        hosts = {
            name: host for name, host in zip(cases["case"], cases["host"], strict=True) if IDENTITY.fullmatch(name)
        }
        self.written |= {names.case(name) for name in hosts}
        absent = {name for name in hosts if not (self.folder / names.case(name)).exists()}
        for name, case in stored(store) if absent else ():
            if name in absent:
                self.case(name, case, hosts[name])

    def case(self, name: str, case: Case, host: Any) -> None:
        """The page of one case: the report that `triage analyze --html` makes of it, and the ways to its groups."""
        shown = view(case)
        ways = [] if missing(host) else [("host", visible(host, 80), names.host(host))]
        if case.crash:
            ways.append(("signature", visible(case.crash.title, 120), names.signature(case.crash.title)))
        ways += [("module", visible(dimm, 80), names.module(host, dimm)) for dimm in modules_of(case, host)]
        ways = [way for way in ways if way[2] in self.written]
        self.page(
            names.case(name), "case.html", title=shown.title, name=name, tone=shown.tone, ways=ways,
            sections=sections(shown),
        )  # fmt: skip

    def clean(self) -> None:
        """Remove pages of what is no longer there."""
        for page in (page for name in FOLDERS for page in (self.folder / name).iterdir()):
            if str(page.relative_to(self.folder)) not in self.written:
                page.unlink()


def modules_of(case: Case, host: Any) -> list[str]:
    """The memory modules that the errors of a case name."""
    found = (memory.module(error.location) for _, error in case.errors) if not missing(host) else ()
    return list(dict.fromkeys(dimm for dimm in found if dimm))


def stored(store: Store) -> Iterator[tuple[str, Case]]:
    """The cases of a store, file by file."""
    for table in store.batches("documents", ["case", "held"]):
        for name, data in zip(table["case"].to_pylist(), table["held"].to_pylist(), strict=True):
            yield name, held.unpacked(data)
