"""The commands as a user runs them: answers, exit codes, bad input."""

from __future__ import annotations

import gzip
import importlib.util
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from triage.cli import main

ORIGIN = Path(__file__).parent / "fixtures" / "logs" / "memory_failure-origin-excerpt.log"
CE = b"[  1.000000] EDAC MC0: 1 CE read error on DIMM_A1 (channel:0 page:0x12 offset:0x40 grain:32 syndrome:0x0)\n"


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_the_origin_excerpt_is_answered_from_its_log_alone() -> None:
    result = run("analyze", ORIGIN, "--json", "-")
    assert result.exit_code == 0
    (case,) = json.loads(result.stdout)["cases"]
    assert (case["verdict"]["cause"], case["verdict"]["confidence"]) == ("memory-error", "likely")
    (page,) = case["pages"]
    assert (page["pfn"], page["type"], page["log_label"], page["log_result"]) == (
        "0x40272d",
        "unknown",
        "get hwpoison page",
        "Ignored",
    )
    assert {w["policy"]: w["would_panic"] for w in case["counterfactual"]} == {"v4": "depends", "linux-7.3": "depends"}
    assert [round(w["lead_seconds"], 2) for w in case["counterfactual"]] == [67.35, 67.35]
    assert (case["crash"]["function"], case["crash"]["offset"]) == ("d_lookup", 0x5C)


def test_the_first_dozen_lines_answer_everything() -> None:
    head = "\n".join(run("analyze", ORIGIN).stdout.splitlines()[:12])
    for word in ("memory", "likely", "0x40272d", "ignored", "67.3", "d_lookup"):
        assert word in head


@pytest.mark.parametrize(("level", "code"), [("weak", 1), ("likely", 1), ("strong", 0), ("proven", 0)])
def test_fail_on_counts_hardware_verdicts(level: str, code: int) -> None:
    assert run("analyze", ORIGIN, "--fail-on", level).exit_code == code


def test_every_form_in_one_run(tmp_path: Path) -> None:
    names = {"--html": "a.html", "--markdown": "a.md", "--text": "a.txt", "--json": "a.json"}
    result = run("analyze", ORIGIN, *(x for option, name in names.items() for x in (option, tmp_path / name)))
    assert result.exit_code == 0
    assert {p.name for p in tmp_path.iterdir()} == set(names.values())
    assert all("40272d" in (tmp_path / name).read_text() for name in names.values())
    assert all(len(line) <= 72 for line in (tmp_path / "a.txt").read_text().splitlines())


def test_stdin_and_events() -> None:
    result = run("log", "-", stdin=ORIGIN.read_bytes())
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert {e["kind"] for e in events} >= {"memory_failure", "crash"}
    assert all({"kind", "source", "first_line", "last_line"} <= e.keys() for e in events)
    assert all(("title" in e) == (e["kind"] == "crash") for e in events)


def test_usage_is_2() -> None:
    assert run("analyze").exit_code == 2
    assert run("analyze", ORIGIN, "--fail-on", "sure").exit_code == 2
    assert run("analyze", ORIGIN, "--html", "/nonexistent/folder/report.html").exit_code == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("binary", random.Random(1).randbytes(100_000)),
        ("nul", b"\0" * 100_000),
        ("text", b"nothing of a kernel\n" * 9),
    ],
)
def test_useless_input_is_said_in_one_line_and_the_good_beside_it_is_analysed(
    tmp_path: Path, name: str, content: bytes
) -> None:
    bad = tmp_path / name
    bad.write_bytes(content)
    alone, beside = run("analyze", bad), run("analyze", bad, ORIGIN)
    told = (alone.stderr + alone.stdout).strip().splitlines()
    assert len(told) <= 2
    assert name in told[0]
    assert "d_lookup" in beside.stdout
    assert alone.exit_code in (0, 3)
    assert alone.exit_code == (0 if name == "text" else 3)


def test_missing_file_and_useless_directory_are_3(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        result = run("analyze", path)
        assert result.exit_code == 3
        assert str(path) in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_truncated_gzip_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "console.log.gz"
    packed = gzip.compress(
        ORIGIN.read_bytes() + b"".join(b"[%5d.000000] chatter %d\n" % (n, n * n) for n in range(90_000, 99_000))
    )
    path.write_bytes(packed[: len(packed) // 2])
    result = run("analyze", path)
    assert result.exit_code == 4
    assert "d_lookup" in result.stdout
    assert "truncated" in result.stderr


def test_errors_without_crash_and_corrected_errors_alone(tmp_path: Path) -> None:
    path = tmp_path / "dmesg"
    path.write_bytes(CE)
    result = run("analyze", path)
    assert result.exit_code == 0
    assert "no crash" in result.stdout.lower()


@pytest.mark.parametrize(
    ("log", "told"),
    [
        (b"[  316.956399] mce: [Hardware Error]: Machine check events logged\n", True),
        (
            b"[   99.100001] EDAC igen6 MC0: HANDLING IBECC MEMORY ERROR\n[   99.100002] EDAC igen6 MC0: ADDR 0x1a40\n",
            True,
        ),
        (b"[   99.100001] pcieport 0000:00:01.1: AER: aer_layer=Data Link Layer, aer_agent=Receiver ID\n", True),
        (b"[   99.100001] pcieport 0000:00:01.1: AER: Corrected error received: 0000:00:01.1\n", False),
        (
            b"[   99.100001] mce: [Hardware Error]: Machine check events logged\n"
            b"[   99.100002] EDAC MC0: 1 CE memory read error on DIMM_A1 (page:0x77 offset:0x40 grain:64)\n",
            False,
        ),
    ],
)
def test_errors_of_unknown_weight_are_not_passed_over(tmp_path: Path, log: bytes, told: bool) -> None:
    path = tmp_path / "kern.log"
    path.write_bytes(log)
    result = run("analyze", path)
    assert result.stdout.startswith("No crash and no uncorrected hardware error in")
    assert ("1 of them does not say how bad the error was" in result.stdout) is told


def test_the_bmcs_event_log_alone_is_told(tmp_path: Path) -> None:
    sel = tmp_path / "sel.txt"
    sel.write_text("   4 | 11/23/2026 | 02:11:47 | Memory #0x53 | Uncorrectable ECC (DIMM_B1) | Asserted\n")
    result = run("analyze", sel)
    assert result.exit_code == 0
    assert result.stdout == (
        f"No kernel log was given.\n{sel}: BMC event log: 1 x Uncorrectable ECC (DIMM_B1) at DIMM_B1\n"
    )


def test_one_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(b"BUG: " * 2_000_000)
    assert run("analyze", path).exit_code in (0, 3)


def test_mixed_encodings_lose_no_event(tmp_path: Path) -> None:
    path = tmp_path / "mixed"
    path.write_bytes(
        "h\xe9llo \xfc\n".encode("latin-1") + b"\xff\xfe\0\x01\n" + ORIGIN.read_bytes().partition(b"\n\n")[2]
    )
    assert "d_lookup" in run("analyze", path).stdout


@pytest.mark.skipif(not importlib.util.find_spec("drgn"), reason="drgn has no wheel for this machine")
def test_a_compressed_core_is_answered_and_its_page_described(tmp_path: Path) -> None:
    core = Path(__file__).parent / "fixtures" / "cores" / "6.12-arm64-incident-elf.core.zst"
    result = run("analyze", core, "--json", tmp_path / "case.json")
    assert result.exit_code == 0
    (case,) = json.loads((tmp_path / "case.json").read_text())["cases"]
    assert (case["verdict"]["cause"], case["verdict"]["confidence"]) == ("memory-error", "proven")
    (page,) = case["pages"]
    assert (page["type"], page["detail"]["cache"], page["type_source"]) == ("slab", "dentry", "core")
    assert {w["policy"]: w["would_panic"] for w in case["counterfactual"]} == {"v4": "no", "linux-7.3": "yes"}
    assert case["links"][0]["match"] == "line"
    assert case["crash"]["function"] == "__d_lookup"
