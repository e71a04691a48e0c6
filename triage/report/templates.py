"""The jinja2 environments: templates hold loops and ifs only, escaping is decided here by the form."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from triage.report import escape, words
from triage.resources import folder

COLUMNS = 72


@cache
def environment(form: str) -> Environment:
    """The environment for "html" (everything is escaped by itself), "markdown" or "text"."""
    env = Environment(
        loader=FileSystemLoader(folder("reports/templates")),
        autoescape=form == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters.update(FILTERS[form])
    return env


def html_prose(text: str) -> Markup:
    """Prose with its addresses and names as code."""
    return Markup("").join(Markup("<code>{}</code>").format(p) if code else p for code, p in words.pieces(text))


def markdown_prose(text: str) -> str:
    """The same for Markdown."""
    return "".join(escape.code_span(p) if code else escape.markdown(p) for code, p in words.pieces(text))


def filled(text: str, first: str = "", indent: int = 0) -> str:
    """Text wrapped at 72 columns, `first` before it, further lines indented."""
    label = first.lstrip()
    lead = " " * (len(first) - len(label))
    wrapper = textwrap.TextWrapper(COLUMNS, initial_indent=lead, subsequent_indent=" " * indent, break_on_hyphens=False)
    return "\n".join(wrapper.wrap((label + text).rstrip()))


def raw(text: str, number: object = "") -> str:
    """A raw log line behind its number; what does not fit goes on behind an empty number, and nothing is lost."""
    width, parts = COLUMNS - 9, []
    while len(text) > width:
        cut = text.rfind(" ", width // 2, width)
        cut = cut if cut > 0 else width
        parts.append(text[:cut])
        text = text[cut:]
    return "\n".join(f"{'' if i else number:>6} | {part}".rstrip() for i, part in enumerate([*parts, text]))


FILTERS: dict[str, dict[str, Callable[..., str]]] = {
    "html": {"prose": html_prose},
    "markdown": {"prose": markdown_prose, "md": escape.markdown, "code": escape.code_span},
    "text": {"filled": filled, "raw": raw},
}
