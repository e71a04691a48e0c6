"""The bad pages of a case: what each was, what became of it, how that is known, and where in it the crash hit."""

from __future__ import annotations

from dataclasses import dataclass

from triage.model import Case, Event, HardwareError, MemoryFailure, PageFacts, PageHistory
from triage.report import words
from triage.report.limits import Limits
from triage.report.lines import Excerpts, Ref
from triage.report.moments import page_events


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fact, its value, and how it is known."""

    name: str
    value: str
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One report in a page's history."""

    when: str
    text: str
    ref: Ref | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place in the page, as a share of its size."""

    at: float
    width: float
    label: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMap:
    size: int
    spots: tuple[Spot, ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    pfn: str
    kind: str
    result: str
    state: str
    tone: str
    blamed: bool
    first_seen: str
    rows: tuple[Row, ...]
    steps: tuple[Step, ...]
    more_steps: int
    map: PageMap | None


def page_views(case: Case, excerpts: Excerpts, limits: Limits) -> tuple[PageView, ...]:
    """The pages, blamed first, then those left in use, then by time."""
    ordered = sorted(case.pages, key=lambda p: (not p.blamed, not p.open, p.first_seen or 0.0))
    return tuple(page_view(case, page, excerpts, limits) for page in ordered[: limits.pages])


def page_view(case: Case, page: PageHistory, excerpts: Excerpts, limits: Limits) -> PageView:
    """Everything known of one page."""
    events = page_events(case, page)
    return PageView(
        pfn=f"{page.pfn:#x}",
        kind=words.page_type(page),
        result=page.log_result or "no verdict in the log",
        state=state(page),
        tone="bad" if page.blamed else ("warn" if page.open else ""),
        blamed=page.blamed,
        first_seen=words.clock(page.first_seen),
        rows=tuple(rows(case, page)),
        steps=tuple(step(event, excerpts) for event in events[: limits.rows]),
        more_steps=max(0, len(events) - limits.rows),
        map=page_map(case, page),
    )


def state(page: PageHistory) -> str:
    """How the page ended, as far as is known."""
    if page.open:
        return "left in use" if page.log_result else "no recovery on record"
    if page.poisoned is False:
        return "poison mark taken off"
    ends = {"Recovered": "taken out of use", "Delayed": "handled at the next access"}
    return ends.get(page.log_result or "", "marked poisoned" if page.poisoned else "not known")


def rows(case: Case, page: PageHistory) -> list[Row]:
    """The table of the page."""
    source = {"core": "vmcore", "log": "the log's label", "inferred": "inferred"}.get(page.type_source or "", "")
    how = ": ".join(part for part in (source, page.why) if part)
    made = [Row(name="type at the error", value=words.page_type(page), how=how)]
    if page.type_now and page.type_now != page.type:
        made.append(Row(name="type in the dump", value=words.kind_of_page(page.type_now), how="vmcore"))
    if page.log_label or page.log_result:
        said = ": ".join(part for part in (page.log_label, page.log_result) if part)
        made.append(Row(name="the log said", value=said, how="verbatim; a label is not always the type"))
    made += owner(page)
    if page.physical_address is not None:
        grain = f"reported with {words.plural(page.granularity, 'byte')} granularity" if page.granularity else ""
        made.append(Row(name="physical address", value=f"{page.physical_address:#x}", how=grain))
    made.append(Row(name="memory module", value=words.place(page.location) or "not named in these inputs"))
    made.append(Row(name="state", value=state_words(page)))
    return made + core_rows(page.facts) + link_rows(case, page)


def state_words(page: PageHistory) -> str:
    """The state with what the kernel said, and whether software made the error."""
    parts = [words.RESULTS.get(page.log_result or "", "no verdict of memory_failure() in the log")]
    mark = {True: "marked poisoned", False: "not marked poisoned", None: "poison mark not known"}
    parts.append(mark[page.poisoned])
    return "; ".join(parts + (["injected on purpose"] if page.injected else []))


def owner(page: PageHistory) -> list[Row]:
    """Whose page it was, by the keys of `detail`."""
    how = "vmcore" if page.facts or page.type_source == "core" else ""
    return [
        Row(name=words.key(key), value=words.value(key, item), how=how)
        for key, item in page.detail.items()
        if item not in (None, "", [], ()) and not said_elsewhere(page, key, item)
    ][:16]


def said_elsewhere(page: PageHistory, key: str, item: object) -> bool:
    """Whether a detail repeats another row (the cache is in the type) or says nothing (order 0, its own head)."""
    cache = page.detail.get("cache")
    alone = key == "aliases" and item in ([cache], (cache,), cache)
    return key == "cache" or alone or (key == "head_pfn" and item == page.pfn) or (key == "order" and item == 0)


def core_rows(facts: PageFacts | None) -> list[Row]:
    """What only the core can tell."""
    if facts is None:
        return []
    zone = ", ".join(part for part in (f"node {facts.node}" if facts.node is not None else None, facts.zone) if part)
    named = {
        "flags": ", ".join(facts.flags),
        "zone": zone,
        "memory cgroup": facts.memcg,
        "referred to by": "; ".join(facts.referrers[:8]),
        "content": "left out of the dump" if facts.excluded and "content" not in facts.detail else None,
    }
    return [Row(name=name, value=text, how="vmcore") for name, text in named.items() if text]


def link_rows(case: Case, page: PageHistory) -> list[Row]:
    """How the crash leads here."""
    match = {"line": "same 64-byte line as the error", "page": "same page", "time": "order in time only"}
    made = []
    for link in [link for link in case.links if link.pfn == page.pfn][:6]:
        if link.match == "time":
            made.append(Row(name="tie to the crash", value=match["time"], how="no address connects them"))
            continue
        address = f" = {link.address:#x}" if link.address is not None else ""
        how = f"translated by {link.translation}" if link.translation else ""
        made.append(
            Row(name="tie to the crash", value=f"{link.via or 'address'}{address}: {match[link.match]}", how=how)
        )
    return list(dict.fromkeys(made))


def step(event: Event, excerpts: Excerpts) -> Step:
    """One report of the page in one line."""
    if isinstance(event, HardwareError):
        text = f"{event.what} ({event.kind}, {event.severity})" + (", injected" if event.injected else "")
    else:
        text = event.text if isinstance(event, MemoryFailure) else event.kind
    return Step(when=words.when(event) or "no time", text=text, ref=excerpts.event(event))


def page_map(case: Case, page: PageHistory) -> PageMap | None:
    """Where in the page the error and the crash's access lie; None unless page size and such a place are known."""
    if page.page_shift is None:
        return None
    size = 1 << page.page_shift
    spots = []
    exact = page.physical_address is not None and bool(page.errors) and page.physical_address % size
    if exact:
        spots.append(spot(page.physical_address or 0, 64, size, "error reported", "error"))
    for link in case.links:
        if link.pfn == page.pfn and link.address is not None and link.match != "time":
            spots.append(spot(link.address, 8, size, f"crash accessed ({link.via or 'address'})", "crash"))
            break
    if not spots:
        return None
    told = "; ".join(f"{s.label} at {s.at * size:.0f}" for s in spots)
    return PageMap(size=size, spots=tuple(spots), description=f"Page of {size:,} bytes: {told}")


def spot(address: int, width: int, size: int, label: str, tone: str) -> Spot:
    """An address of the page as a spot; virtual and physical addresses agree below the page size."""
    offset = address % size & ~(width - 1)
    return Spot(at=offset / size, width=width / size, label=f"{label}: +{address % size:#x}", tone=tone)
