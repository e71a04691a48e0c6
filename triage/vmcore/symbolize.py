"""Function and offset to source lines and inlined frames, from a vmlinux with debug information; no core is needed.

    d_lookup+0x20/0x45   ->   read_seqbegin at include/linux/seqlock.h:813, inlined into d_lookup at fs/dcache.c:2283

A trace names functions, not addresses, so KASLR does not matter: the function's address is looked up in the vmlinux.
A static function whose name stands more than once is taken only where its size, printed behind the offset, tells which.
"""

from __future__ import annotations

import json
import mmap
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from triage.errors import InputError
from triage.model import Crash, Frame, Trace
from triage.vmcore import cage
from triage.vmcore.parent import environment

MEMORY = 4 << 30  # bytes that the child may allocate
MAX_REASON = 200  # characters
TIMEOUT = 60.0  # seconds; a vmlinux of 400 MB takes about one
BANNER = re.compile(rb"Linux version (\d[\w.+~-]{2,100}) \(")


class Place(NamedTuple):
    """What is looked up: a printed location; `returns` where it is a return address, which lies behind its call."""

    function: str
    offset: int
    size: int
    returns: bool


def symbolized(crashes: Sequence[Crash], vmlinux: str) -> list[Crash]:
    """The crashes with file and line on their frames, and inlined frames before the function they were inlined into.

    Frames of modules and functions that vmlinux does not name stay as they are. InputError if the file has no debug
    information or is of another kernel release than a crash.
    """
    for crash in crashes:
        check_release(vmlinux, crash.kernel)
    places = list(dict.fromkeys(place for crash in crashes for place in wanted(crash)))
    if not places:
        return list(crashes)
    found = dict(zip(places, look_up(vmlinux, places), strict=True))
    return [told(crash, found) for crash in crashes]


def find_vmlinux(folders: Sequence[str], release: str | None) -> str | None:
    """The vmlinux of a kernel release in debug directories, by the names that distributions give it."""
    if release is None or "/" in release:
        return None
    names = (f"vmlinux-{release}", f"boot/vmlinux-{release}", f"lib/modules/{release}/vmlinux", f"{release}/vmlinux")
    return next((str(path) for folder in folders for name in names if (path := Path(folder) / name).is_file()), None)


def check_release(vmlinux: str, release: str | None) -> None:
    """InputError if the vmlinux says that it is another release; one that does not say (split debug files) is taken."""
    with Path(vmlinux).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        banner = BANNER.search(data)
        own = banner[1].decode("ascii", "replace") if banner else None
    if own and release and own != release:
        raise InputError(vmlinux, f"is Linux {own}, the crash is of {release}")


def wanted(crash: Crash) -> list[Place]:
    """What vmlinux can know of a crash: the frames of its traces, and where it struck."""
    frames = [frame for trace in crash.traces for frame in trace.frames]
    return [place for place in (site(crash), *(place_of(frame, crash) for frame in frames)) if place]


def site(crash: Crash) -> Place | None:
    """Where the instruction pointer was."""
    if crash.module or crash.function is None or crash.offset is None or crash.size is None:
        return None
    return Place(crash.function, crash.offset, crash.size, returns=False)


def place_of(frame: Frame, crash: Crash) -> Place | None:
    """A frame is a return address unless it is the very place where the crash struck."""
    if frame.module or frame.inline or frame.file or frame.offset is None or frame.size is None:
        return None
    struck = (frame.function, frame.offset) == (crash.function, crash.offset)
    return Place(frame.function, frame.offset, frame.size, returns=not struck)


def told(crash: Crash, found: dict[Place, list[list[Any]]]) -> Crash:
    """The crash with what was found; the lines of the place where it struck stand in `detail`, innermost first."""
    traces = tuple(replace(trace, frames=frames_of(trace, crash, found)) for trace in crash.traces)
    place = site(crash)
    lines = [f"{name} at {file}:{line}" for name, file, line in found.get(place, ())] if place else []
    return replace(crash, traces=traces, detail=crash.detail | ({"source": lines} if lines else {}))


def frames_of(trace: Trace, crash: Crash, found: dict[Place, list[list[Any]]]) -> tuple[Frame, ...]:
    """The frames of a trace with their lines, each after the functions inlined into it."""
    frames: list[Frame] = []
    for frame in trace.frames:
        place = place_of(frame, crash)
        *inlined, own = (found.get(place) if place else None) or [[frame.function, frame.file, frame.line]]
        frames += [
            Frame(function=name, file=file, line=line, inline=True, reliable=frame.reliable, stack=frame.stack)
            for name, file, line in inlined
            if frame.reliable  # a stale return address: what was inlined there did not run
        ]
        frames.append(replace(frame, file=own[1], line=own[2]))
    return tuple(frames)


def look_up(vmlinux: str, places: Sequence[Place]) -> list[list[list[Any]]]:
    """For each place [[function, file, line], ...], innermost first, empty if unknown; asked of a child process."""
    child = [sys.executable, "-m", "triage.vmcore.symbolize"]
    request = json.dumps({"vmlinux": vmlinux, "places": places}).encode()
    try:
        done = subprocess.run(
            child, input=request, capture_output=True, timeout=TIMEOUT, env=environment(), check=True,
            start_new_session=True,
        )  # fmt: skip
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise InputError(vmlinux, f"reading its debug information took more than {TIMEOUT:g} seconds") from None
    except (subprocess.CalledProcessError, ValueError):
        raise InputError(vmlinux, "its debug information cannot be read") from None
    if isinstance(answer, str):
        raise InputError(vmlinux, answer[:MAX_REASON])
    if not (isinstance(answer, list) and len(answer) == len(places) and all(map(sound, answer))):
        raise InputError(vmlinux, "its debug information cannot be read")
    return answer


def sound(found: object) -> bool:
    """Whether this is [[function, file, line], ...]: C code on hostile input had a part in it."""
    return isinstance(found, list) and all(
        isinstance(part, list) and [type(each) for each in part] == [str, str, int] for part in found
    )


def main() -> None:
    """The child: a request on stdin, the places or a reason on stdout."""
    import drgn

    request = json.load(sys.stdin)
    cage.enter(MEMORY, int(TIMEOUT))
    # The architecture matters for registers only, which nobody asks for here.
    prog = drgn.Program(drgn.Platform(drgn.Architecture.X86_64))
    module = prog.extra_module("vmlinux", create=True)
    module.address_ranges = [(0, (1 << 64) - 1)]
    module.try_file(request["vmlinux"], force=True)
    if module.wants_debug_file():
        json.dump("holds no debug information", sys.stdout)
        return
    json.dump([lines(prog, Place(*place)) for place in request["places"]], sys.stdout)


def lines(prog: Any, place: Place) -> list[list[Any]]:
    """[[function, file, line], ...] of one place, innermost first."""
    symbols = [s for s in prog.symbols(place.function) if place.size in (s.size, padded(s.size))]
    if len({s.address for s in symbols}) != 1:
        return []
    try:
        found = prog.source_location(symbols[0].address + place.offset - place.returns)
    except LookupError:
        return []
    return [[part.name(), part.filename, part.line] for part in found]


def padded(size: int) -> int:
    """The size kallsyms prints: up to the next symbol, which is aligned to 16 bytes."""
    return -(-size // 16) * 16


if __name__ == "__main__":
    main()
