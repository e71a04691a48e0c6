"""What `triage page` prints: everything a core knows of its pages and addresses."""

from __future__ import annotations

import json as standard
import textwrap
from collections.abc import Sequence
from dataclasses import fields

from triage.model import CoreFacts, PageFacts
from triage.report import kernel, words
from triage.report.escape import visible
from triage.report.json import plain

WIDTH, LABEL = 100, 22


def json_text(facts: CoreFacts, asked: Sequence[int]) -> str:
    """The pages as a JSON document; `missing` are the numbers asked for of which the core knows nothing."""
    pages = [{f.name: plain(getattr(page, f.name), f.name) for f in fields(page)} for page in wanted(facts, asked)]
    document = {
        "path": plain(facts.path),
        "pages": pages,
        "addresses": [{f.name: plain(getattr(a, f.name), f.name) for f in fields(a)} for a in facts.addresses],
        "missing": [f"{number:#x}" for number in unknown(facts, asked)],
        "notes": [plain(note) for note in facts.notes],
    }
    return standard.dumps(document, indent=2) + "\n"


def text(facts: CoreFacts, asked: Sequence[int]) -> str:
    """The pages for a terminal."""
    blocks = ["\n".join(block(page)) for page in wanted(facts, asked)]
    blocks += [f"{number:#x}: the core says nothing of it" for number in unknown(facts, asked)]
    blocks += ["\n".join(line for name, value in kernel.rows(facts) for line in row(name, value))] if not asked else []
    blocks += [visible(f"note: {note}") for note in facts.notes]
    if not facts.pages and not asked:
        blocks.insert(0, "no poisoned page in this core")
    return "\n\n".join(filter(None, blocks)) + "\n"


def wanted(facts: CoreFacts, asked: Sequence[int]) -> list[PageFacts]:
    """The pages asked for, all of them if none was."""
    frames = {*asked, *(pfn for _, pfn in facts.asked)}
    return [page for page in facts.pages if not asked or page.pfn in frames]


def unknown(facts: CoreFacts, asked: Sequence[int]) -> list[int]:
    """The numbers asked for that no page of the answer covers."""
    known = {page.pfn for page in facts.pages}
    known |= {number for number, pfn in facts.asked if pfn in known}
    return [number for number in asked if number not in known]


def block(page: PageFacts) -> list[str]:
    """One page as labelled lines."""
    mark = {True: "poisoned", False: "not poisoned", None: "poison mark not known"}[page.poisoned]
    lines = [f"page {page.pfn:#x}  {words.kind_of_page(page.type)}  {mark}"]
    if page.type_now != page.type:
        lines += row("type now", words.kind_of_page(page.type_now))
    lines += row("physical address", f"{page.physical_address:#x}")
    for key, item in page.detail.items():
        if key == "aliases" and item == [page.detail.get("cache")]:
            continue
        several = key == "objects" and isinstance(item, list)
        for number, each in enumerate(item if several else [item]):
            lines += row("" if number else words.key(key), words.value(key, each))
    zone = ", ".join(part for part in (f"node {page.node}" if page.node is not None else None, page.zone) if part)
    lines += row("zone", zone) + row("memcg", page.memcg or "") + row("flags", ", ".join(page.flags))
    for number, sentence in enumerate(page.evidence):
        lines += row("" if number else "known from", sentence)
    for number, referrer in enumerate(page.referrers):
        lines += row("" if number else "referred by", referrer)
    return lines + (row("content", "left out of the dump") if page.excluded else [])


def row(label: str, item: str) -> list[str]:
    """A labelled line, wrapped; nothing for nothing."""
    wrapped = textwrap.wrap(visible(item), WIDTH - LABEL - 3, break_on_hyphens=False)
    return [f"  {visible(label) if not n else '':<{LABEL}} {part}" for n, part in enumerate(wrapped)]
