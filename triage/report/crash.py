"""The crash of a case: what it was, its registers decoded, its traces with the long ones folded."""

from __future__ import annotations

import re
from dataclasses import dataclass

from triage.instructions import in_words
from triage.model import Case, Crash, Frame, Trace
from triage.report import decode, words
from triage.report.limits import Limits
from triage.report.lines import Excerpts, Ref, place


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    text: str
    reliable: bool
    inline: bool
    hit: bool  # where it crashed


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceView:
    heading: str
    frames: tuple[FrameView, ...]
    folded: tuple[FrameView, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    name: str
    value: str
    remark: str  # why it matters, empty for most


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashView:
    title: str
    header: tuple[str, ...]
    crash: Crash
    decoded: tuple[decode.Decoded, ...]
    register: str  # the register that `decoded` explains
    traces: tuple[TraceView, ...]
    registers: tuple[Register, ...]
    modules: str
    missing: tuple[str, ...]
    others: tuple[tuple[str, str, Ref | None], ...]  # other crashes of this boot: when, title, lines
    ref: Ref | None

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Label and text; worked out by the forms that show them, since it takes a disassembler."""
        return rows(self.crash)


def crash_view(case: Case, excerpts: Excerpts, limits: Limits) -> CrashView:
    """The crash that the verdict explains, and the others by title."""
    crash = case.crash
    assert crash is not None
    others = [other for other in case.crashes if place(other) != place(crash)]
    return CrashView(
        title=crash.title,
        header=crash.header[:4],
        crash=crash,
        decoded=tuple(decode.esr(crash.esr)) if crash.esr is not None else (),
        register=f"ESR {crash.esr:#x}" if crash.esr is not None else "",
        traces=tuple(trace_view(trace, crash, limits) for trace in crash.traces[:6] if trace.frames),
        registers=tuple(registers(case, crash)),
        modules=", ".join(crash.modules),
        missing=crash.missing,
        others=tuple((words.when(o), o.title, excerpts.event(o)) for o in others[: limits.rows]),
        ref=excerpts.event(crash),
    )


def rows(crash: Crash) -> list[tuple[str, str]]:
    """Label and text of what the record says; what it does not say has no row."""
    task = " ".join(
        part
        for part in (
            crash.task,
            f"pid {crash.pid}" if crash.pid is not None else None,
            f"on CPU {crash.cpu}" if crash.cpu is not None else None,
        )
        if part
    )
    place = location(crash.function, crash.offset, crash.size, crash.module)
    named = {
        "when": ", ".join(part for part in (words.clock(crash.time), words.date(crash.wall_time, crash.dial)) if part),
        "where": place,
        "source": "; inlined into ".join(crash.detail.get("source", ())),
        "task": task,
        "kernel": " ".join(part for part in (crash.kernel, crash.arch) if part),
        "hardware": crash.hardware,
        "taint": ", ".join(crash.taint),
        "workqueue": crash.workqueue,
        "fault address": f"{crash.fault_address:#x}" if crash.fault_address is not None else None,
        "error code": f"{crash.error_code:#x}" if crash.error_code is not None else None,
        "panic": crash.panic,
        "instruction": in_words(crash.arch, crash.code),
        "code": crash.code,
        "not to be trusted": crash.corrupted,
    }
    return [(name, text) for name, text in named.items() if text]


def location(function: str | None, offset: int | None, size: int | None, module: str | None) -> str:
    """d_lookup+0x5c/0x220 [ext4]."""
    if not function:
        return ""
    text = function + (f"+{offset:#x}" if offset is not None else "") + (f"/{size:#x}" if size is not None else "")
    return f"{text} [{module}]" if module else text


def trace_view(trace: Trace, crash: Crash, limits: Limits) -> TraceView:
    """The first frames, the rest folded; unreliable entries are kept and told apart."""
    frames = [frame_view(frame, crash) for frame in trace.frames[: limits.frames + limits.folded]]
    hidden = len(frames) - limits.frames
    cut = limits.frames if hidden > 3 else len(frames)  # folding two or three frames helps nobody
    return TraceView(
        heading=trace.heading.rstrip(":") or "Call trace",
        frames=tuple(frames[:cut]),
        folded=tuple(frames[cut:]),
        more=len(trace.frames) - len(frames),
    )


def frame_view(frame: Frame, crash: Crash) -> FrameView:
    """`? d_lookup+0x5c/0x220 [ext4] fs/dcache.c:2340`."""
    text = location(frame.function, frame.offset, frame.size, frame.module)
    if frame.file:
        text += f" {frame.file}" + (f":{frame.line}" if frame.line is not None else "")
    hit = frame.function == crash.function and frame.offset == crash.offset and frame.offset is not None
    return FrameView(text=text, reliable=frame.reliable, inline=frame.inline, hit=hit)


def registers(case: Case, crash: Crash) -> list[Register]:
    """The registers, with a remark on those through which the crash leads to a bad page."""
    remarks: dict[str, str] = {}
    for link in case.links:
        if link.match == "time":
            continue
        for name in re.findall(r"[a-z][a-z0-9]{1,5}", (link.via or "").lower()):
            remarks.setdefault(name, f"leads to page {link.pfn:#x}" + (" (same line)" if link.match == "line" else ""))
    return [
        Register(name=words.key(n), value=f"{v:#018x}", remark=remarks.get(n, "")) for n, v in crash.registers.items()
    ]
