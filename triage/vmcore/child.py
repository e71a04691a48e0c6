"""The process that reads one core: `python -m triage.vmcore.child`, a request on stdin, parts of the answer on stdout.

It is a process of its own because drgn and libkdumpfile are C code on hostile input: it has limits, it may be killed,
and whatever it said before stays good. See `wire.py` for the messages.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import TextIO

from triage.errors import TriageError
from triage.vmcore import wire


def main() -> int:
    """Answer one request; exit code 0 unless Python itself fails."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    _limit(memory, seconds)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints may get among the messages
    request = wire.build(wire.Request, json.load(sys.stdin))
    try:
        from triage.vmcore import survey

        for part, value in survey.survey(request):
            _send(out, part, value)
    except TriageError as error:
        _send(out, "error", getattr(error, "reason", str(error)))
    except MemoryError:
        _send(out, "error", f"needs more than {memory >> 20} MB of memory")
    _send(out, "end", None)
    out.flush()
    os._exit(0)  # what drgn holds need not be taken apart piece by piece


def _limit(memory: int, seconds: int) -> None:
    """RLIMIT_DATA counts what the process allocates; RLIMIT_AS would count the mapped core. No core of our own."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _send(out: TextIO, part: str, value: object) -> None:
    out.write(wire.encode(part, value) + "\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
