from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.report import samples
from triage.model import Case
from triage.report import html, templates, view
from triage.report.view import CaseView

KNOWN_TAGS = re.compile(
    "html|head|meta|title|style|body|main|article|section|footer|h[1-3]|p|b|br|a|code|span|i|mark|pre|ol|ul|li|dl|dt|dd|div|"
    "table|thead|tr|th|td|details|summary|figure|figcaption|svg|line|rect|circle|text"
)


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attrs]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.attributes if key == name]


@pytest.fixture(params=samples.SAMPLES)
def source(request: pytest.FixtureRequest) -> str:
    return html.render(samples.SAMPLES[request.param])


def test_nothing_runs_and_nothing_is_loaded(source: str) -> None:
    page = Page(source)
    assert all(KNOWN_TAGS.fullmatch(tag) for tag in page.tags)
    assert not [
        name for name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset", "action", "style")
    ]
    assert all(re.fullmatch(r"#c[0-9]+(-[A-Za-z0-9-]+)?", target) for target in page.all("href"))
    assert "default-src 'none'" in page.all("content")[1]
    style = source[source.index("<style>") : source.index("</style>")]
    assert not re.search(r"url\(|@import|expression|//", style)


def test_links_lead_somewhere_and_back(source: str) -> None:
    page = Page(source)
    ids = Counter(page.all("id"))
    assert max(ids.values()) == 1
    assert {target[1:] for target in page.all("href")} <= set(ids)


def test_every_section_is_there(source: str) -> None:
    assert "could not be made" not in source


def test_finding_and_line_link_to_each_other() -> None:
    source = html.render([samples.proven()])
    line = re.search(r'<tr id="c1-E2">.*?href="#(c1-s1-L611)"', source)
    assert line
    assert re.search(rf'id="{line[1]}"><i>611</i>[^\n]*<a href="#c1-E2">E2</a>', source)


def test_attacks_are_shown_as_text() -> None:
    source = html.render([samples.hostile()])
    assert "<script" not in source and "<img" not in source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in source
    assert "{{ 7*7 }}" in source and "{% raw %}" in source
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b]", source)


def test_a_storm_is_cut_and_counted() -> None:
    source = html.render([samples.storm(20_000)])
    assert len(source.encode()) < 60_000
    assert "19,997 more: corrected memory read error" in source
    assert "10,000 ×" in source


@pytest.mark.parametrize("count", [39, 41, 3000])
def test_many_cases_stay_below_the_limit(count: int) -> None:
    source = html.render(samples.many(count))
    assert len(source.encode()) < html.LIMIT
    assert f"<h1>{count} cases</h1>" in source
    assert (f"and {count - 1000:,} more" in source.replace("2000", "2,000")) is (count > 1000)


def test_one_enormous_case_stays_below_the_limit() -> None:
    case = samples.proven()
    assert case.crash
    long = tuple((n, "x" * 4000) for n in range(1, 5000))
    crashes = tuple(
        replace(case.crash, first_line=n * 5000, lines=tuple((n * 5000 + i, t) for i, t in long)) for n in range(60)
    )
    huge = replace(case, crashes=crashes, crash=crashes[0], boot=replace(case.boot, events=crashes))
    assert len(html.render([huge]).encode()) < html.LIMIT


def test_an_unsure_or_software_verdict_is_not_red() -> None:
    def tone(case: Case, **changes: object) -> str:
        return view.tone(replace(case, verdict=replace(case.verdict, **changes)))  # type: ignore[arg-type]

    assert tone(samples.software()) == "calm"
    assert tone(samples.software(), cause="unknown") == "plain"
    assert tone(samples.proven()) == "bad"
    assert tone(samples.proven(), confidence="weak") == "warn"


def test_one_broken_section_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: CaseView) -> None:
        raise ValueError("<b>no</b>")

    monkeypatch.setattr(CaseView, "opposing", property(broken))
    source = html.render([samples.proven()])
    assert "30-evidence.html could not be made: &lt;b&gt;no&lt;/b&gt;" in source
    assert "What to do" in source


def test_sections_are_sorted_by_name_and_templates_are_complete() -> None:
    names = html.section_names()
    assert list(names) == sorted(names) and names[0] == "10-verdict.html"
    for name in names:
        templates.environment("html").get_template(f"sections/{name}")


def test_a_notebook_gets_a_closed_frame() -> None:
    page = Page(samples.hostile()._repr_html_())
    assert set(page.tags) == {"iframe"}
    assert page.all("sandbox") == [""]
    assert page.all("srcdoc")[0].startswith("<!doctype html>")


def test_the_foot_says_how_long_it_took() -> None:
    assert re.search(r"vmtriage [0-9.]+ · answered in 600 ms</footer>", html.render([samples.origin()], seconds=0.6))
