"""truth.json: what is known of a case without any analysis."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .cases import Case
from .paths import GUEST, HERE
from .victims import Victim

TRUTH = "truth.json"
# what a run is made by, beside its line in cases.toml and the guest's sources
_MAKERS = ("victims.py", "deaths.py", "ordinary.py")
_INCIDENT = ("arm64.py", "incident.py", "firmware.py")


def compose(
    case: Case, release: str, victims: list[Victim], death: dict[str, str], dumps: Iterable[Path]
) -> dict[str, Any]:
    """The truth of a finished case.

    {"case": "6.12-dentry-sysrq", "kernel": "6.12.117+deb12-cloud-amd64", "pages": [{"kind": "dentry", "pfn": 13370,
     "details": {"cache": "dentry", "path": ...}}], "death": {"by": "sysrq", "function": "sysrq_handle_crash"},
     "expected": {"cause": "operator", "confidence": "proven", "at_most": false, "blamed": [], "what_if": {}}}
    """
    return {
        "case": case.name,
        "stamp": stamp(case),
        "arch": case.arch,
        "kernel": release,
        "cpus": case.cpus,
        "memory_mib": case.guest_memory,
        "inject": case.inject,
        "log_forgot": case.forget,
        "sysctl_panic_on_unrecoverable_memory_failure": case.sysctl,
        "pages": [asdict(victim) | {"pfn_hex": hex(victim.pfn)} for victim in victims],
        "death": {"by": case.death} | death,
        "expected": expected(case, victims),
        "dumps": {path.name: path.stat().st_size for path in dumps},
    }


def stamp(case: Case) -> str:
    """A checksum of what a run of the case is made from: its line, the guest's sources, victims and deaths."""
    makers = [HERE / name for name in (_INCIDENT if case.death == "sea" else _MAKERS)]
    sources = sorted(path for path in GUEST.rglob("*") if path.is_file())
    digest = hashlib.sha256(repr(replace(case, half=False)).encode())
    for source in (*makers, *sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def state(folder: Path, case: Case) -> str:
    """What a case's folder holds: "made", "stale" (made from other sources or another line), "-" (nothing whole)."""
    path = folder / TRUTH
    if not path.exists():
        return "-"
    return "made" if json.loads(path.read_text()).get("stamp") == stamp(case) else "stale"


def expected(case: Case, victims: list[Victim]) -> dict[str, Any]:
    """The verdict that the table of cases names, as fields; what-if is settled later (settle_what_if)."""
    cause, confidence = case.verdict.split()
    about_a_page = case.death in ("consume", "scribble", "sea", "sysctl")
    blamed = [victim.pfn for victim in victims if about_a_page and not victim.innocent]
    return {
        "cause": cause,
        "confidence": confidence.removeprefix("<="),
        "at_most": confidence.startswith("<="),
        "blamed": blamed,
        "what_if": {hex(victim.pfn): None for victim in victims},
    }


def settle_what_if(runs: Path) -> None:
    """Fill in for each page whether the sysctl of 7.3 would have panicked: from that kind's own run with it set.

    A kind that was not run with the sysctl yet stays null.
    """
    truths = {path: json.loads(path.read_text()) for path in sorted(runs.glob(f"*/{TRUTH}"))}
    outcome = {}
    for truth in truths.values():
        if truth["sysctl_panic_on_unrecoverable_memory_failure"] and len(truth["pages"]) == 1:
            panicked = "unrecoverable page" in truth["death"].get("panic", "")
            outcome[truth["pages"][0]["kind"]] = panicked
    for path, truth in truths.items():
        # no verdict, no what-if: memory_failure() never saw the page, or the core's log no longer says what it did
        judged = [] if truth["inject"] == "none" or truth.get("log_forgot") else truth["pages"]
        what_if = {page["pfn_hex"]: outcome.get(page["kind"]) for page in judged}
        if truth["expected"]["what_if"] != what_if:
            truth["expected"]["what_if"] = what_if
            write(path.parent, truth)


def write(folder: Path, truth: dict[str, Any]) -> None:
    """Write truth.json: last of all, so that a case with one is a finished case."""
    temporary = folder / (TRUTH + ".new")
    temporary.write_text(json.dumps(truth, indent=1) + "\n")
    temporary.rename(folder / TRUTH)
