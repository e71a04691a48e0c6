"""Makes text from crash data harmless: what a log, a dump or a file name says may have been written by an attacker."""

from __future__ import annotations

import re

CLIP = 400  # characters of one field that a report shows

# Control characters, what reorders or hides text (bidi, zero width, tags), line separators, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x100:
        return {9: " ", 10: "\\n", 13: "\\r"}.get(code, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def visible(text: str, limit: int = CLIP) -> str:
    r"""One printable line, `\x1b[31m` for a colour code, `\u202e` for a bidi override, cut at `limit` characters."""
    cut = text[:limit]
    shown = _UNSAFE.sub(_escaped, cut)
    return f"{shown} ... ({len(text) - limit:,} more characters)" if len(text) > limit else shown


def unicode(text: str) -> str:
    """Text that every encoder takes: lone surrogates (undecodable bytes of a file name) become U+FFFD."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


# What GitHub's Markdown gives a meaning inside a line. A backslash does not stop the filters that run after Markdown
# (@mentions, #123, GH-123, bare links, :emoji:), a zero-width space does.
_MARKDOWN = re.compile(r"[\\`*_\[\]|~$#!]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LATE = (
    (re.compile(r"@(?=\w)"), "@&#8203;"),
    (re.compile(r"\\#(?=\w)"), r"\#&#8203;"),
    (re.compile(r"\b(GH)-(?=\d)", re.I), r"\1-&#8203;"),
    (re.compile(r":(?=//)"), ":&#8203;"),
    (re.compile(r"\b(mailto|xmpp):", re.I), r"\1&#8203;:"),
    (re.compile(r"\b(www)\.", re.I), r"\1&#8203;."),
    (re.compile(r":(?=[a-z0-9_\\+-]{0,30}[a-z][a-z0-9_\\+-]{0,30}:)", re.I), ":&#8203;"),
)


def markdown(text: str) -> str:
    """Text that GitHub's Markdown shows as it stands, in prose and table cells: no link, image, mention or HTML."""
    out = re.sub(r"[&<>]", lambda m: _ENTITIES[m[0]], text)
    out = _MARKDOWN.sub(lambda m: "\\" + m[0], out)
    for pattern, inert in _LATE:
        out = pattern.sub(inert, out)
    return out


def code_span(text: str) -> str:
    """A Markdown code span that `text` cannot close, with pipes that do not end a table cell."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}".replace("|", "\\|") if text else ""


def fence(lines: list[str]) -> str:
    """The fence of a Markdown code block that none of `lines` can close."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    return "`" * max(3, longest + 1)


def cell(value: object) -> str:
    """One CSV cell that a spreadsheet takes as text: an apostrophe before what could begin a formula; None is empty."""
    if value is None:
        return ""
    text = visible(str(value), 4096)
    return f"'{text}" if text[:1] and text.lstrip()[:1] in "=+-@|%＝＋－＠" else text
