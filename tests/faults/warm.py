"""`python -m tests.faults.warm ARGUMENT...`: forks runs of triage with these arguments that cost no start.

For each line `FOLDER OUT [INTERPRETER]` on stdin a child goes to FOLDER and stops itself; its process number is
printed, and how it ended once it was let go on. Its two output streams go to the files OUT and OUT.err; INTERPRETER is
what runs the child that reads a core.
"""

from __future__ import annotations

import os
import signal
import sys

from triage.cli import main


def run(out: str) -> None:
    """One run with its output in files; never returns."""
    for target, stream in ((out, 1), (f"{out}.err", 2)):
        os.dup2(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(sent, signal.default_int_handler if sent == signal.SIGINT else PLAIN[sent])
    os.kill(os.getpid(), signal.SIGSTOP)
    main(sys.argv[1:])


PLAIN = {sent: signal.getsignal(sent) for sent in (signal.SIGTERM, signal.SIGPIPE)}


def warm(folder: str) -> None:
    """One run in this process, which loads what such a run needs."""
    os.chdir(folder)
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1), os.dup2(nowhere, 2)
    try:
        main(sys.argv[1:])
    except SystemExit:
        sys.stdout.flush()
    os.dup2(kept[0], 1), os.dup2(kept[1], 2)


def serve() -> None:
    """Runs, one after the other, for as long as they are asked for."""
    for number, line in enumerate(sys.stdin):
        folder, out, *interpreter = line.split()
        if number == 0:
            warm(folder)
            print("warm", flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            os.chdir(folder)
            sys.executable = interpreter[0] if interpreter else sys.executable
            run(out)
        os.waitpid(pid, os.WUNTRACED)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
