"""Redaction: two hundred planted secrets over every kind of input, and none of them in any output."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.planted import plant
from tests.report.samples import SAMPLES
from tests.work import calls
from triage import pipeline, report
from triage.cli import main
from triage.model import Case, CoreFacts, Crash, PageFacts
from triage.redact import Redactor
from triage.report import page as page_report
from triage.report import text as text_report

LOGS = Path(__file__).parent / "fixtures" / "logs"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def outputs(home: Path, folder: Path, *flags: str | Path) -> dict[str, str]:
    """All that the commands say of the inputs, in every form, and the names of the files they write."""
    folder.mkdir()
    kinds = sorted(home.iterdir())
    forms = [x for form in ("html", "markdown", "text", "json") for x in (f"--{form}", folder / form)]
    told = {"analyze": run("analyze", home, *forms, *flags).output}
    for kind in kinds:  # each alone, too: cases of one machine become one
        told["analyze alone"] = told.get("analyze alone", "") + run("analyze", kind, "--json", "-", *flags).output
    told["jsonl"] = run("log", *kinds, "--residue", *flags).output
    told["csv"] = run("log", *kinds, "--csv", *flags).output
    for path in sorted(home.glob("core/*")):
        told["page"] = told.get("page", "") + run("page", path, *flags).output
    places = ("--html", folder / "site", "--csv", folder / "tables", "--markdown", folder / "fleet.md")
    store = folder.parent / "store"
    flags = ("--metrics", folder / "metrics", *places, *flags)
    told["fleet"] = run("fleet", home, "--store", store, "--jobs", 1, "--retry", *flags).output
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        told[name] = name + ("\n" + path.read_text() if path.is_file() else "")
    return told


def found(secrets: list[str], text: str) -> list[str]:
    low = text.lower()
    return [secret for secret in secrets if secret.lower() in low]


def test_two_hundred_planted_secrets_are_in_no_output(tmp_path: Path) -> None:
    home, planted = plant(tmp_path / "in")
    secrets = [secret for some in planted.values() for secret in some]
    assert len(set(secrets)) == len(secrets) >= 200
    plain = "\n".join(outputs(home, tmp_path / "plain").values())
    shown = {kind: found(some, plain) for kind, some in planted.items()}
    assert all(shown.values()) and sum(map(len, shown.values())) > 0.9 * len(secrets), "they must be there without"
    told = outputs(home, tmp_path / "redacted", "--redact")
    leaked = {name: found(secrets, text) for name, text in told.items()}
    assert {name: some for name, some in leaked.items() if some} == {}


def test_one_map_gives_all_outputs_the_same_tokens_and_is_private(tmp_path: Path) -> None:
    home, planted = plant(tmp_path / "in")
    secrets, paths = [secret for some in planted.values() for secret in some], sorted(home.iterdir())
    private = tmp_path / "map.json"
    first = run("log", *paths, "--redact-map", private)
    known = json.loads(private.read_text())
    assert private.stat().st_mode & 0o777 == 0o600
    second = run("analyze", *reversed(paths), "--json", "-", "--redact-map", private)
    again = json.loads(private.read_text())
    assert all(again[sort][value] == token for sort, values in known.items() for value, token in values.items())
    assert found(secrets, first.output + second.output) == []
    hosts = {json.loads(line).get("host") for line in first.stdout.splitlines()} - {None}
    assert hosts and hosts <= set(known["host"].values())


@pytest.mark.parametrize("content", ["[]", "{", '{"host": {"a": "<b>"}}', '{"nothing": {}}', '{"host": 1}'])
def test_what_is_no_map_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "map").write_text(content)
    result = run("log", LOGS / "mce-panic.log", "--redact-map", tmp_path / "map")
    assert (result.exit_code, "not a redaction map" in result.output) == (2, True)
    assert (tmp_path / "map").read_text() == content


def test_a_minicore_is_not_written_with_redaction(tmp_path: Path) -> None:
    result = run("analyze", LOGS / "mce-panic.log", "--redact", "--minicore", tmp_path / "core")
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "--minicore cannot be redacted" in result.output


def judged(cases: list[Case]) -> list[object]:
    """What a report concludes: nothing of it may depend on who reads it."""
    return [
        (
            case.verdict.cause,
            case.verdict.confidence,
            case.verdict.software_excluded,
            len(case.verdict.evidence),
            [(page.pfn, page.type, page.physical_address, page.location.keys()) for page in case.pages],
            [(link.pfn, link.match, link.lag_seconds) for link in case.links],
            [(w.policy, w.would_panic) for w in case.counterfactual],
            [(c.title.split(" in ")[-1], c.function, c.offset) for c in case.crashes],
            [(e.component, e.severity, e.physical_address) for _, e in case.errors],
        )
        for case in cases
    ]


@pytest.mark.parametrize("name", sorted(path.name for path in LOGS.glob("*.log")))
def test_the_verdict_is_the_same_and_the_report_keeps_its_contract(name: str) -> None:
    analysis = pipeline.analyze([str(LOGS / name)])
    assert judged(Redactor().redact(analysis).cases) == judged(analysis.cases)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_redacting_twice_changes_nothing(name: str) -> None:
    once = Redactor().redact(SAMPLES[name])
    twice = Redactor().redact(once)
    assert tokens_stripped(report.render("json", twice)) == tokens_stripped(report.render("json", once))


def tokens_stripped(text: str) -> list[str]:
    """The document without the numbers of tokens: another run counts from one again."""
    return [line for line in text.splitlines() if "input-" not in line and "0xffffeeee" not in line]


def test_facts_of_a_core_lose_addresses_paths_and_control_groups() -> None:
    page = PageFacts(
        pfn=0x40272D,
        physical_address=0x40272D000,
        type="slab",
        type_now="slab",
        poisoned=True,
        memcg="/machine/acme-billing",
        detail={"cache": "dentry", "object_address": 0xFFFF888104A3F678, "objects": [{"path": "/srv/acme/plan.ods"}]},
        evidence=("the object at 0xffff888104a3f678 is the dentry of /srv/acme/plan.ods",),
    )
    facts = CoreFacts(path="/data/acme/vmcore", format="elf", types="btf", host="acme7", log="acme", pages=(page,))
    numbers = [0x40272D, 0xFFFF888104A3F678]
    facts, shown = Redactor().redact((facts, numbers))
    text = page_report.json_text(facts, shown) + page_report.text(facts, shown)
    assert not any(word in text for word in ("acme", "888104a3f", "plan.ods"))
    assert "0x40272d" in text and "0xffffeeee00001678" in text and facts.log is None


def test_registers_keep_what_tells_nothing() -> None:
    crash = Crash(
        kind="oops",
        source="a.log",
        first_line=1,
        last_line=1,
        header=("Unable to handle kernel paging request at virtual address dead000000000122",),
        arch="arm64",
        registers={"x0": 0, "x1": 0xFFFFFFFFFFFFFFEA, "x2": 0xDEAD000000000122, "x3": 0x40272D260, "x4": 1 << 63 | 5},
        esr=0x96000410,
        lines=((1, "  ESR = 0x0000000096000410"), (2, "x4 : 8000000000000005 x1 : ffffffffffffffea")),
    )
    location = PageFacts(pfn=0x40272D, physical_address=0x40272D000, type="slab", type_now="slab", poisoned=True)
    made, _ = Redactor().redact((crash, location))
    assert {name: made.registers[name] for name in ("x0", "x1", "x2", "x3")} == {
        name: crash.registers[name] for name in ("x0", "x1", "x2", "x3")
    }
    assert (made.esr, made.lines[0], made.header) == (crash.esr, crash.lines[0], crash.header)
    assert f"{made.registers['x4']:x}" in made.lines[1][1] and made.registers["x4"] != crash.registers["x4"]


def test_a_host_with_and_without_its_domain_is_one_and_two_of_a_name_are_two() -> None:
    for first, second in (("db7", "DB7.acme.example"), ("db7.acme.example", "db7")):
        tokens = Redactor().tokens
        assert tokens.text("host", first) == tokens.text("host", second) == "host-1"
        assert tokens.text("host", "db7.other.example") == "host-2"


def test_what_was_redacted_is_counted_in_the_report() -> None:
    result = run("analyze", LOGS / "mce-panic.log", "--redact")
    assert "note       redacted: 1 x input name" in result.stdout


HEX = st.integers(0xFFFF_0000_0000_0000, 0xFFFF_FFFF_FFFF_EFFF)


@settings(max_examples=150, deadline=None)
@given(value=HEX, other=HEX)
def test_addresses_of_one_page_stay_on_one_page(value: int, other: int) -> None:
    redactor = Redactor()
    a, b = redactor.tokens.number(value), redactor.tokens.number(other)
    assert (a >> 12 == b >> 12) == (value >> 12 == other >> 12)
    assert (a & 0xFFF, b & 0xFFF) == (value & 0xFFF, other & 0xFFF)
    assert (
        redactor.text(f"at {value:#x} and {value:016x}") == f"at {a:#x} and {a:016x}"
        if value >> 32 != a >> 32
        else True
    )


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_what_a_field_told_is_found_whatever_stands_around_it(text: str) -> None:
    redactor = Redactor()
    redactor.learn(host="srv9.acme.example")
    assert "acme" not in redactor.text(f"{text} srv9.acme.example {text}")


@pytest.mark.parametrize(
    "unit", ["a.", "1:", "0 ", "a@", "/a", "ab ", "-", "00 00 ", "token", "user=", "http://", "ffff"]
)
def test_work_is_linear_in_the_length_of_a_line(unit: str) -> None:
    """What each search costs, which no count shows, is in bench/growth.py."""

    def work(size: int) -> int:
        line = (unit * size)[:size]
        return calls(lambda: Redactor().text(line))

    work(10)
    assert work(20_000) < 4.1 * work(5_000)


def test_fields_of_a_fixed_vocabulary_stay_words() -> None:
    case = SAMPLES["proven"][0]
    named = replace(case, boot=replace(case.boot, host="memory-error"))
    made = Redactor().redact(named)
    assert made.verdict.cause == "memory-error"
    assert str(made.boot.host).startswith("host-") and str(made.boot.host) in text_report.render([made])
