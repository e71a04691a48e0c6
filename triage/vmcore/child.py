"""The process that reads one core: `python -m triage.vmcore.child`, a request on stdin, parts of the answer on stdout.

It is a process of its own because drgn and libkdumpfile are C code on hostile input: it gives up what it does not need
(`cage.py`), it may be killed, and whatever it said before stays good. See `wire.py` for the messages.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TextIO

from triage.errors import TriageError
from triage.vmcore import cage, wire

NO_DRGN = "reading a core needs drgn: pip install drgn (ready-made for x86-64 Linux; elsewhere it is built from source)"


def main() -> int:
    """Answer one request; exit code 0 unless Python itself fails."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # nothing that a library prints may get among the messages
    request = wire.build(wire.Request, json.load(sys.stdin))
    _send(out, "facts", {"cage": cage.enter(memory, seconds, request.minicore)})
    try:
        from triage.vmcore import survey

        for part, value in survey.survey(request):
            _send(out, part, value)
    except TriageError as error:
        _send(out, "error", getattr(error, "reason", str(error)))
    except ModuleNotFoundError as error:
        if error.name != "drgn":
            raise
        _send(out, "error", NO_DRGN)
    except MemoryError:
        _send(out, "error", f"needs more than {memory >> 20} MB of memory")
    _send(out, "end", None)
    out.flush()
    os._exit(0)  # what drgn holds need not be taken apart piece by piece


def _send(out: TextIO, part: str, value: object) -> None:
    out.write(wire.encode(part, value) + "\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
