"""`python -m bench.reading scan|read|write PATH [KIND...]`: one part of the log side, as a process of its own.

`scan` finds the anchors, `read` makes the events, `write` also prints them as JSON lines. With kinds only those exist.
Prints the CPU seconds of that part to stderr: without start-up, imports and the tables of the grammars.
"""

from __future__ import annotations

import sys
import time
from collections import deque

from triage import inputs
from triage.inputs import LogText
from triage.logs import grammar, parse
from triage.report import writer


def main() -> None:
    part, path, *kinds = sys.argv[1:]
    if kinds:
        known = grammar.kinds()
        parse.kinds = grammar.kinds = lambda: {name: known[name] for name in kinds}  # type: ignore[assignment]
    text = next(found for found in inputs.find([path]) if isinstance(found, LogText))
    scanner = parse.scanner()
    for name in kinds:
        grammar.load(name)
    began = time.process_time()
    if part == "scan":
        deque(scanner.hits(text.data), maxlen=0)
    elif part == "read":
        deque(parse.Parser(text).events(), maxlen=0)
    else:
        sys.stdout.writelines(map(writer("jsonl"), parse.Parser(text).events()))
    print(time.process_time() - began, file=sys.stderr)


if __name__ == "__main__":
    main()
