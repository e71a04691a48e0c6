"""Reads and writes fixture logs: comments, expectation headers, blank line, raw log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from triage.inputs import LogText
from triage.logs.parse import Parser
from triage.model import Crash, Event, HardwareError, MemoryFailure, Notice
from triage.pipeline import judge_logs

FOLDER = Path(__file__).parent.parent / "fixtures" / "logs"


@dataclass
class Sample:
    path: Path
    comments: list[str]
    expected: list[str]
    log: bytes

    @classmethod
    def read(cls, path: Path) -> Sample:
        head, _, log = path.read_bytes().partition(b"\n\n")
        lines = head.decode().splitlines()
        return cls(
            path, [x for x in lines if x.startswith("#")], [x for x in lines if x and not x.startswith("#")], log
        )

    def write(self, found: list[str]) -> None:
        self.path.write_bytes("\n".join([*self.comments, *found, "", ""]).encode() + self.log)

    def found(self) -> list[str]:
        """What triage reads out of the sample, as header lines."""
        text = LogText(self.path.name, self.log)
        parser = Parser(text)
        events = list(parser.events())
        out = [describe(event) for event in events]
        for case in judge_logs([(text, events)]):
            verdict = case.verdict
            out.append(f"CASE: {verdict.cause} {verdict.confidence} | {case.crash.title if case.crash else 'no crash'}")
            out += [
                f"PAGE: {page.pfn:#x} {page.type} {'open' if page.open else 'closed'}{' blamed' if page.blamed else ''}"
                for page in case.pages
            ]
            out += [f"LINK: {link.pfn:#x} {link.match} {link.via}" for link in case.links]
            out += [f"WHATIF: {w.policy} {w.pfn:#x} {w.would_panic}" for w in case.counterfactual]
        return out + [f"RESIDUE: {number} {line}" for number, line in parser.residue]


def describe(event: Event) -> str:
    """One header line of an event: the fields whose change a reader must see."""
    fields: dict[str, object] = {}
    match event:
        case HardwareError():
            fields = {
                "component": event.component,
                "severity": event.severity,
                "what": event.what,
                "pa": hexed(event.physical_address),
                "granularity": event.granularity,
                "page": hexed(event.page),
                "offset": hexed(event.page_offset),
                "device": event.device,
                "cpu": event.cpu,
                "count": event.count if event.count != 1 else None,
                "previous": event.previous_boot or None,
                "injected": event.injected or None,
                "location": ",".join(f"{k}:{v}" for k, v in event.location.items()),
                "mca": ",".join(f"{k}:{v}" for k, v in event.mca.items()),
            }
        case MemoryFailure():
            fields = {
                "action": event.action,
                "pfn": hexed(event.pfn),
                "label": event.label,
                "result": event.result,
                "task": event.task,
                "pid": event.pid,
            }
        case Crash():
            frames = event.traces[0].frames if event.traces else ()
            fields = {
                "title": event.title,
                "type": event.type,
                "function": event.function,
                "frame": event.frame,
                "task": event.task,
                "pid": event.pid,
                "cpu": event.cpu,
                "arch": event.arch,
                "kernel": event.kernel,
                "taint": "".join(event.taint),
                "fault": hexed(event.fault_address),
                "esr": hexed(event.esr),
                "registers": len(event.registers),
                "frames": len(frames),
                "traces": len(event.traces),
                "panic": event.panic,
                "corrupted": event.corrupted,
            }
        case Notice():
            fields = {"what": event.what, **event.values}
    if event.missing:
        fields["missing"] = "+".join(event.missing)
    told = " ".join(
        f"{name}={value!r}" if " " in str(value) else f"{name}={value}"
        for name, value in fields.items()
        if value not in (None, "", 0)
    )
    return f"EVENT: {event.kind} {event.first_line}-{event.last_line} {told}"


def hexed(value: int | None) -> str | None:
    return None if value is None else hex(value)
