"""What the transformers of several kinds share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from triage.model import Event, Notice

LIMIT = 1 << 64


def merge(parts: Iterable[Any]) -> dict[str, Any]:
    """Fields of lines and dicts in one dict; the first value of a name wins, absent values never do."""
    out: dict[str, Any] = {}
    for part in parts:
        fields = part if isinstance(part, dict) else part.fields
        for name, value in fields.items():
            if value is not None and name not in out:
                out[name] = value
    return out


def number(text: str | None, base: int = 10) -> int | None:
    """The integer in `text`; None if there is none, or one that no register holds. Base 16 takes an optional 0x."""
    try:
        value = int(text, base) if text else None
    except ValueError:
        return None
    return value if value is None or -LIMIT <= value < LIMIT else None


def present(**values: Any) -> dict[str, Any]:
    """The named values that are there."""
    return {name: value for name, value in values.items() if value is not None}


def only(tokens: list[Any]) -> dict[str, Any]:
    """The fields of a record that is one line."""
    fields: dict[str, Any] = tokens[0].fields
    return fields


def reporter(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """A line in which a driver or decoder of errors only tells of itself."""
    return [Notice(**base | {"missing": ()}, what="reporter", text=fields["chatter"].strip())]
