"""Redaction: two hundred planted secrets over every kind of input, and none of them in any output."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.samples import SAMPLES
from triage import pipeline, report
from triage.cli import main
from triage.model import Case, CoreFacts, Crash, PageFacts
from triage.redact import Redactor
from triage.report import page as page_report
from triage.report import text as text_report

LOGS = Path(__file__).parent / "fixtures" / "logs"
OOPS = """BUG: unable to handle page fault for address: {0}
#PF: supervisor read access in kernel mode
#PF: error_code(0x0000) - not-present page
Oops: 0000 [#1] PREEMPT SMP
CPU: 3 PID: 4711 Comm: collector Not tainted 6.12.9 #1
Hardware name: Maker Model 3/BOARD, BIOS 1.2 01/02/2026
RIP: 0010:lookup_entry+0x1c/0x80 [store]
RSP: 0018:{1} EFLAGS: 00010246
RAX: {2} RBX: {3} RCX: 0000000000000000
RDX: 0000000000000001 RSI: {4} RDI: {5}
CR2: {0} CR3: 0000000104a3f002 CR4: 0000000000750ef0
Call Trace:
 <TASK>
 walk_entries+0x10/0x30 [store]
 </TASK>
---[ end trace 0000000000000000 ]---"""
MEMORY = """{{7}}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4
{{7}}[Hardware Error]: event severity: recoverable
{{7}}[Hardware Error]:  Error 0, type: recoverable
{{7}}[Hardware Error]:  fru_id: {0}
{{7}}[Hardware Error]:  fru_text: {1}
{{7}}[Hardware Error]:   section_type: memory error
{{7}}[Hardware Error]:   physical_address: 0x00000031c7a05240
{{7}}[Hardware Error]:   error_type: 3, multi-bit ECC
Memory failure: 0x31c7a05: recovery action for reserved kernel page: Ignored"""


class Secrets:
    """Hands out secrets that occur nowhere else, and remembers them."""

    FORMS: ClassVar[dict[str, str]] = {
        "host": "srv{0:03d}q.prod.acmecorp{0}.net",
        "ip4": "10.{0}.77.13",
        "ip6": "2001:db8:{0:x}::77:{0}",
        "mac": "02:5e:{0:02x}:aa:0b:c1",
        "user": "mallory{0}x",
        "email": "ops{0}.lead@mail{0}.acme-inc.com",
        "serial": "SN7Q{0:04d}ZK",
        "uuid": "5c1f3b7e-9a20-4d61-8f14-2b77c0d9{0:04x}",
        "home": "/home/trent{0}v/vault/notes{0}.txt",
        "secret": "hunter{0}!horse",
        "command": "root=/dev/vg{0}/lvsecret acme.licence=K{0}-77",
        "address": "ffff8881{0:04x}3678",
        "data": "73656372{0:04x}7421",
    }

    def __init__(self) -> None:
        self.planted: list[str] = []

    def __call__(self, sort: str) -> str:
        made = self.FORMS[sort].format(len(self.planted) + 1)
        self.planted.append(made)
        return made

    def panic(self) -> str:
        """Lines with a secret of each sort, of the kind that anybody can write into a log."""
        texts = (
            f"VFS: no answer of {self('host')} at {self('ip4')} port 2049",
            f"link {self('mac')} towards {self('ip6')} is gone",
            f"session of user={self('user')} <{self('email')}>",
            f"disk serial: {self('serial')} uuid {self('uuid')}",
            f"cannot open {self('home')}, password={self('secret')}",
            f"list at {self('address')} is broken",
        )
        return "\n".join(f"Kernel panic - not syncing: {text}" for text in texts)

    def log(self) -> str:
        """The kernel log of a machine that had an error, crashed and panicked."""
        addresses = [self(sort) for sort in ("address", "address", "data", "address", "data", "address")]
        banner = f"Linux version 6.12.9 (builder@{self('host')}) (gcc 14.2.0) #1 SMP"
        error = MEMORY.format(self("uuid"), f"bay 3 S/N: {self('serial')}")
        lines = [banner, f"Command line: {self('command')}", error, OOPS.format(*addresses), self.panic()]
        return "\n".join(f"[{9 + n:5d}.000000] {line}" for n, line in enumerate("\n".join(lines).split("\n"))) + "\n"


def tar(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))


def database(path: Path, secrets: Secrets) -> None:
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE mc_event (id INTEGER PRIMARY KEY, timestamp TEXT, err_count, err_type, err_msg, label, "
            "mc, top_layer, middle_layer, lower_layer, address, grain, syndrome, driver_detail)"
        )
        for label in (f"serial {secrets('serial')}", f"of {secrets('host')}"):
            values = ("2026-11-23 02:11:47 +0000", "Uncorrected", label, 0x31C7A05240)
            base.execute(
                "INSERT INTO mc_event VALUES (NULL, ?, 1, ?, 'read error', ?, 0, 1, 0, 255, ?, 6, 0, '')", values
            )
    base.close()


def journal(secrets: Secrets, host: str) -> str:
    boot = secrets("uuid").replace("-", "")
    secrets.planted[-1] = boot
    rows = [
        {"_TRANSPORT": "kernel", "_HOSTNAME": host, "_BOOT_ID": boot, "MESSAGE": line.split("] ", 1)[1],
         "PRIORITY": "2", "__REALTIME_TIMESTAMP": str(1795399907000000 + n),
         "_SOURCE_MONOTONIC_TIMESTAMP": str(70000000 + n)}
        for n, line in enumerate(secrets.log().splitlines())
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in rows)


def plant(folder: Path) -> tuple[list[Path], list[str]]:
    """Inputs of every kind, and the secrets in them and in their names."""
    secrets = Secrets()
    home = folder / "home" / secrets("user")
    home.mkdir(parents=True)
    host = secrets("host").split(".")[0]
    secrets.planted[-1] = host
    (home / f"{host}.log").write_text(secrets.log())
    syslog = "".join(f"Nov 23 02:11:47 {host} kernel: {line}\n" for line in secrets.log().splitlines())
    (home / f"messages-{host}").write_text(syslog)
    (home / "journal.json").write_text(journal(secrets, secrets("host")))
    name = secrets("host").split(".")[0]
    secrets.planted[-1] = name
    sos = {
        f"sosreport-{name}/sos_commands/kernel/dmesg": secrets.log(),
        f"sosreport-{name}/sos_commands/host/hostname": f"{name}.internal.acme-x.example\n",
        f"sosreport-{name}/sos_commands/hardware/dmidecode": "Handle 0x0025, DMI type 17, 92 bytes\nMemory Device\n"
        f"\tLocator: P1 C0\n\tSerial Number: {secrets('serial')}\n\n",
    }
    tar(home / f"sosreport-{name}.tar.gz", sos)
    crash = home / f"{secrets('ip4')}-2026-11-23-02:11:47"
    crash.mkdir()
    (crash / "vmcore-dmesg.txt").write_text(secrets.log())
    part = secrets.log().splitlines()
    (home / "dmesg-efi_pstore-179539990701001").write_text("Panic#1 Part1\n" + "".join(f"<4>{x}\n" for x in part))
    database(home / "ras-mc_event.db", secrets)
    (home / "empty").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    while len(secrets.planted) < 200:
        (home / f"console{len(secrets.planted)}.log").write_text(secrets.log())
    return sorted(home.iterdir()), secrets.planted


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def outputs(paths: list[Path], folder: Path, *flags: str | Path) -> str:
    """All that the commands say of the inputs, in every form."""
    folder.mkdir()
    forms = [x for form in ("html", "markdown", "text", "json") for x in (f"--{form}", folder / form)]
    said = [run("analyze", *paths, *forms, *flags).output, run("log", *paths, "--residue", *flags).output]
    said.append(run("log", *paths, "--csv", *flags).output)
    return "\n".join([*said, *(path.read_text() for path in sorted(folder.iterdir()))])


def found(secrets: list[str], text: str) -> list[str]:
    low = text.lower()
    return [secret for secret in secrets if secret.lower() in low]


def test_two_hundred_planted_secrets_are_in_no_output(tmp_path: Path) -> None:
    paths, secrets = plant(tmp_path / "in")
    assert len(set(secrets)) >= 200
    assert len(found(secrets, outputs(paths, tmp_path / "plain"))) > 0.9 * len(secrets), "they must be there without"
    assert found(secrets, outputs(paths, tmp_path / "redacted", "--redact")) == []


def test_one_map_gives_all_outputs_the_same_tokens_and_is_private(tmp_path: Path) -> None:
    paths, secrets = plant(tmp_path / "in")
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
def test_time_is_linear_in_the_length_of_a_line(unit: str) -> None:
    import time

    def seconds(size: int) -> float:
        line = (unit * size)[:size]
        began = time.perf_counter()
        Redactor().text(line)
        return time.perf_counter() - began

    assert min(seconds(40_000) for _ in range(3)) < 12 * min(seconds(10_000) for _ in range(3)) + 0.05


def test_fields_of_a_fixed_vocabulary_stay_words() -> None:
    case = SAMPLES["proven"][0]
    named = replace(case, boot=replace(case.boot, host="memory-error"))
    made = Redactor().redact(named)
    assert made.verdict.cause == "memory-error"
    assert str(made.boot.host).startswith("host-") and str(made.boot.host) in text_report.render([made])
