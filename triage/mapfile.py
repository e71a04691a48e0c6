"""The file that tells which token stands for what: private, and reusable so that later reports use the same tokens.

{"host": {"web01.example.com": "host-1"}, "address": {"0xffff888104a3f000": "0xffffeeee00001000"}}
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from triage.errors import InputError
from triage.redact import Redactor
from triage.terminal import write
from triage.tokens import WORDS

BIGGEST = 64 << 20  # bytes
NUMBER, ADDRESS = re.compile(r"[1-9]\d{0,8}"), re.compile(r"0xffffeeee[0-9a-f]{5}000")


def load(path: str | None) -> Redactor:
    """A redactor that knows what the file says, if there is one; InputError if the file is no map."""
    if path is None or not Path(path).exists():
        return Redactor()
    try:
        with Path(path).open("rb") as file:
            known = json.loads(file.read(BIGGEST))
    except OSError as error:
        raise InputError(path, str(error.strerror)) from error
    except (ValueError, RecursionError) as error:
        raise InputError(path, "not a redaction map") from error
    if not valid(known):
        raise InputError(path, "not a redaction map")
    return Redactor(known)


def valid(known: object) -> bool:
    """Whether this is a map as `save` writes it."""
    if not isinstance(known, dict) or not known.keys() <= WORDS.keys():
        return False
    return all(
        isinstance(values, dict) and all(stands(sort, v) for v in values.values()) for sort, values in known.items()
    )


def stands(sort: str, token: object) -> bool:
    """Whether this can stand for a value of the sort: `host-1` for a host, a made-up page for an address."""
    if not isinstance(token, str):
        return False
    word, _, number = token.rpartition("-")
    return bool(ADDRESS.fullmatch(token)) if sort == "address" else word == sort and bool(NUMBER.fullmatch(number))


def save(path: str | None, redactor: Redactor) -> None:
    """Write the map for its owner only; it undoes the redaction."""
    if path is not None:
        write(path, json.dumps(redactor.tokens.names, indent=1, sort_keys=True) + "\n", private=True)
