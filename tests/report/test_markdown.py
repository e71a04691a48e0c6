from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.report import samples
from tests.report.test_text import golden
from triage.report import markdown
from triage.report.escape import code_span, fence
from triage.report.escape import markdown as escaped

markdown_it = pytest.importorskip("markdown_it")


@pytest.fixture(autouse=True)
def _fixed_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.__version__", "1.2.3")


def rendered(source: str) -> str:
    """HTML of GitHub-like Markdown, code taken out: there mentions and references do nothing."""
    shown = markdown_it.MarkdownIt("commonmark", {"html": True}).enable("table").render(source)
    return re.sub(r"<(code|pre)[^>]*>.*?</\1>", "", shown, flags=re.S)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_golden(name: str, update: bool) -> None:
    golden(f"{name}.md", markdown.render(samples.SAMPLES[name]), update)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_structure_holds(name: str) -> None:
    shown = rendered(markdown.render(samples.SAMPLES[name]))
    tags = {"h2", "h3", "p", "strong", "em", "sub", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li"}
    assert set(re.findall(r"</?([a-z0-9]+)", shown)) <= tags | {"details", "summary"}
    assert shown.count("<details>") == shown.count("</details>") > 2


def test_attacks_stay_inert() -> None:
    shown = rendered(markdown.render([samples.hostile()]))
    assert "<script" not in shown and "<img" not in shown and "<a " not in shown
    assert not re.search(r"@\w|#\d|GH-\d|https?://", shown)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("[x](y)", r"\[x\](y)"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("@root", "@&#8203;root"),
        ("mail a@b.c", "mail a@&#8203;b.c"),
        ("#12", r"\#&#8203;12"),
        ("https://x.y", "https:&#8203;//x.y"),
        ("at 06:43:53Z", "at 06:43:53Z"),
        (":tada:", ":&#8203;tada:"),
        ("DIMM#0", r"DIMM\#&#8203;0"),
    ],
)
def test_escape(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_code_cannot_be_closed() -> None:
    assert code_span("a`b") == "``a`b``"
    assert code_span("`a") == "`` `a ``"
    assert code_span("a|b") == r"`a\|b`"
    assert fence(["````"]) == "`````"


def test_a_comment_has_room_for_it() -> None:
    assert len(markdown.render(samples.many(500))) <= markdown.LIMIT < 65_536


def test_templates_are_found_in_a_checkout() -> None:
    assert (Path(__file__).parents[2] / "reports" / "templates" / "summary.md").is_file()
