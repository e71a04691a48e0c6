from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.report import samples
from triage.report import text, view

GOLDEN = Path(__file__).parent / "golden"


def golden(name: str, shown: str, update: bool) -> None:
    """Compares with the file of that name, or rewrites it."""
    path = GOLDEN / name
    if update:
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(shown)
    assert shown == path.read_text()


@pytest.fixture(autouse=True)
def _fixed_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("triage.__version__", "1.2.3")


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_terminal(name: str, update: bool) -> None:
    golden(f"{name}.verdict.txt", text.render(samples.SAMPLES[name]), update)


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_ticket(name: str, update: bool) -> None:
    shown = text.ticket(samples.SAMPLES[name])
    assert max(map(len, shown.splitlines())) <= 72
    golden(f"{name}.ticket.txt", shown, update)


@pytest.mark.parametrize("name", ["origin", "proven", "no-crash", "software", "several-pages", "storm"])
def test_first_dozen_lines_answer_everything(name: str) -> None:
    case = samples.SAMPLES[name][0]
    top = "\n".join(text.render([case]).splitlines()[:12])
    shown = view.view(case)
    assert shown.cause in top and shown.confidence in top
    assert re.search(r"^do  ", top, re.M) and re.search(r"^why  ", top, re.M)
    if case.pages:
        assert f"{case.pages[0].pfn:#x}" in top and "what if" in top
    if case.crash and case.pages:
        assert re.search(r"^lag +[0-9]", top, re.M)


@pytest.mark.parametrize("width", [1, 40, 72, 80, 200])
def test_terminal_keeps_its_width(width: int) -> None:
    lines = text.render([samples.several_pages()], width=width).splitlines()
    assert max(map(len, lines)) <= max(40, min(width, 110))


def test_no_colour_unless_asked_for() -> None:
    case = samples.proven()
    assert "\x1b" not in text.render([case])
    assert text.render([case], colour=True).startswith("\x1b[1;31mMEMORY ERROR · proven\x1b[0m")
    assert text.render([samples.software()], colour=True).startswith("\x1b[1;36m")


@pytest.mark.parametrize("render", [text.render, text.ticket])
def test_attacks_stay_inert(render: object) -> None:
    shown = render([samples.hostile()])  # type: ignore[operator]
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown)
    assert "\\u202e" in shown and "\\x1b[31m" in shown


def test_an_unknown_page_type_is_said_to_be_unknown() -> None:
    top = text.render([samples.origin()])
    assert "type not known" in top and "slab dentry" not in top
