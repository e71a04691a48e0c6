"""Cases and events to text, HTML, Markdown, JSON and CSV; one module per form, loaded when it is asked for."""

from __future__ import annotations

import json as standard
from collections.abc import Callable, Sequence
from functools import cache

from triage.model import Case, Event, Site


def render(form: str, cases: Sequence[Case], *, seconds: float | None = None, sites: Sequence[Site] = ()) -> str:
    """One report of all cases: "html", "markdown", "ticket" (72-column text) or "json".

    `seconds` the analysis took; `sites` is the table hardware error -> crash site, which HTML shows before the cases.
    """
    from triage.report import html, json, markdown, text

    if form == "json":
        return standard.dumps(json.document(cases), indent=2) + "\n"
    if form == "html":
        return html.render(cases, seconds=seconds, sites=sites)
    return {"markdown": markdown.render, "ticket": text.ticket}[form](cases, seconds=seconds)


def head(form: str) -> str:
    """What stands before the rows of `triage log`: the header line of CSV, nothing of JSON lines."""
    from triage.report import csv

    return csv.line(csv.HEADER) if form == "csv" else ""


@cache
def writer(form: str) -> Callable[[Event], str]:
    """What makes one event a line of `triage log`, "csv" or "jsonl"."""
    from triage.report import csv, json

    if form == "csv":
        return lambda event: csv.line(csv.row(event))
    from msgspec.json import Encoder

    encode = Encoder().encode

    def line(event: Event) -> str:
        """What is not ASCII is escaped: such a line may be shown on a terminal."""
        told = json.event(event)
        data = encode(told)
        return (data.decode() if data.isascii() else standard.dumps(told, separators=(",", ":"))) + "\n"

    return line
