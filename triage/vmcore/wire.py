"""What goes through the pipe between triage and the child that reads a core: one line of JSON per finished part.

The child reads hostile input with C code, so every value that comes back is checked against the type it must have.

    -> {"path": "vmcore", "pfns": [5351], "addresses": [], "vmlinux": null, "debug_dirs": [], "minicore": null}
    <- {"part": "facts", "value": {"format": "elf", "types": "btf", ...}}      some fields of CoreFacts
    <- {"part": "page", "value": {"pfn": 5351, "type": "slab", ...}}           one PageFacts
    <- {"part": "error", "value": "not a vmcore"}                              nothing could be done
    <- {"part": "end", "value": null}                                          the child came to its end
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


class WireError(ValueError):
    """A message that does not have the form it must have."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the child is asked to do."""

    path: str
    pfns: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()
    vmlinux: str | None = None
    debug_dirs: tuple[str, ...] = ()
    minicore: str | None = None
    debuginfod: bool = False  # ask debuginfod even where the core has types of its own


def encode(part: str, value: object) -> str:
    """One message as a line without its end."""
    return json.dumps({"part": part, "value": value}, default=_plain, separators=(",", ":"))


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        # not asdict(): it copies deeply, which the log does not need
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return str(value)


def decode(line: bytes) -> tuple[str, Any]:
    """Part and value of one line; WireError if it is none."""
    try:
        message = json.loads(line)
        return str(message["part"]), message["value"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WireError("an unreadable line") from error


def build(kind: type[T], values: Mapping[str, Any]) -> T:
    """A dataclass of checked values; unknown names, wrong types and missing fields raise WireError."""
    checked = check_fields(kind, values)
    try:
        return kind(**checked)
    except TypeError as error:
        raise WireError(f"not all fields of {kind.__name__}") from error


def check_fields(kind: type, values: Any) -> dict[str, Any]:
    """The fields that are there, each converted to its declared type."""
    hints = _hints(kind)
    if not isinstance(values, dict) or not values.keys() <= hints.keys():
        raise WireError(f"not the fields of {kind.__name__}")
    return {name: _check(hints[name], value, name) for name, value in values.items()}


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _check(hint: Any, value: Any, name: str) -> Any:
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(hint):
            return None
        return _check(next(arg for arg in get_args(hint) if arg is not type(None)), value, name)
    if origin is tuple and isinstance(value, list):
        return tuple(_check(get_args(hint)[0], item, name) for item in value)
    if origin is dict and isinstance(value, dict):
        return {key: _check(get_args(hint)[1], item, name) for key, item in value.items()}
    if origin is Literal and value in get_args(hint):
        return value
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value)
    if hint is float and type(value) in (int, float):
        return float(value)
    if isinstance(hint, type) and type(value) is hint:  # not isinstance(): True is no int here
        return value
    raise WireError(f"{name} is not {hint}")
