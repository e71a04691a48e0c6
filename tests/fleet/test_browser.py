"""What a browser makes of the lists: sort, search and pages work without a server, from a file."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.fleet.conftest import Fleet
from tests.report.test_browser import CHROMIUM, browse
from triage.fleet.report import site

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser here")

SORT = "[...document.querySelectorAll('th button')].find(b => b.textContent == '{}').click();"
SEARCH = "{{ const s = document.querySelector('input[type=search]'); s.value = '{}'; s.oninput(); }}"
ON = "[...document.querySelectorAll('.tools button')].find(b => b.textContent.startsWith('on')).click();"


class Table(HTMLParser):
    """The rows of the list, and what is said above it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")
        elif tag == "a" and self.rows:
            self.links.append(dict(attrs)["href"] or "")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self.rows = [row for row in self.rows if row]


@pytest.fixture(scope="module")
def cases(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "html"
    site.write(folder, fleet.store, fleet.statistics)
    return folder / "cases.html"


def shown(page: Path, script: str, profile: Path) -> tuple[Table, str]:
    """The list after somebody did something to it, and the words above it."""
    acted = page.with_name("acted.html")
    acted.write_text(page.read_text().replace("</body>", f"<script>{script}</script></body>"))
    text = browse(acted.as_uri(), profile)
    words = re.search(r'<span class="dim small">(.*?)</span>', text)
    assert words
    return Table(text), words[1]


def test_a_list_has_pages(cases: Path, fleet: Fleet, tmp_path: Path) -> None:
    count = fleet.statistics.totals["cases"]
    assert count > 100
    first, words = shown(cases, "", tmp_path)
    assert len(first.rows) == 100 and words == f"{count} of {count}, page 1 of {-(-count // 100)}"
    second, words = shown(cases, ON, tmp_path)
    assert f"page 2 of {-(-count // 100)}" in words and second.rows[0] not in first.rows
    assert all((cases.parent / link).is_file() for link in second.links if link)


def test_a_search_finds_rows_with_all_words(cases: Path, fleet: Fleet, tmp_path: Path) -> None:
    found = fleet.statistics.cases
    assert found is not None
    host = found["host"].mode()[0]
    wanted = found[(found["host"] == host) & (found["cause"] == "software")]
    table, words = shown(cases, SEARCH.format(f" {host.upper()}  softw"), tmp_path)
    assert len(table.rows) == len(wanted) > 0 and words.startswith(f"{len(wanted)} of ")
    assert all(host in row and "software" in row for row in table.rows)
    none, _ = shown(cases, SEARCH.format("no such thing"), tmp_path)
    assert none.rows == []


def test_headings_sort_words_numbers_and_times(cases: Path, fleet: Fleet, tmp_path: Path) -> None:
    found = fleet.statistics.cases
    assert found is not None
    heads = re.findall(r"<th[^>]*>(.*?)</th>", cases.read_text())
    host, lag = heads.index("host"), heads.index("after")
    table, _ = shown(cases, SORT.format("host"), tmp_path)
    assert [row[host] for row in table.rows] == sorted(found["host"])[:100]
    table, _ = shown(cases, SORT.format("after"), tmp_path)
    longest = found.sort_values("lag", ascending=False)["case"].str[:8]
    assert table.rows[0][0] == longest.iloc[0] and table.rows[0][lag].endswith(" d")
    table, _ = shown(cases, SORT.format("after") * 2, tmp_path)
    assert table.rows[0][0] == found.sort_values("lag")["case"].iloc[0][:8], "unknown values stay at the end"
    table, _ = shown(cases, SEARCH.format("memory-error") + SORT.format("when") * 2, tmp_path)
    oldest = found[found["cause"] == "memory-error"].sort_values("wall_time")["case"].iloc[0]
    assert table.rows[0][0] == oldest[:8]


def test_a_list_too_long_for_one_page_goes_on_in_others(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "PART", 150)
    site.write(tmp_path / "html", fleet.store, fleet.statistics)
    pages = [tmp_path / "html" / name for name in ("cases.html", "cases-2.html", "cases-3.html")]
    count = fleet.statistics.totals["cases"]
    told = [shown(page, "", tmp_path / "profile")[1] for page in pages]
    assert [words.partition(",")[0] for words in told] == [
        "150 of 150",
        "150 of 150",
        f"{count - 300} of {count - 300}",
    ]
    assert 'href="cases-3.html">301 to' in pages[0].read_text()
    monkeypatch.undo()
    site.write(tmp_path / "html", fleet.store, fleet.statistics)
    assert not pages[1].exists()
