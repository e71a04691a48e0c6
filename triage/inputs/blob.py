"""A named run of bytes on its way from a path to a log, and what is known of where it lay."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from triage.inputs.buffers import Buffer


@dataclass(frozen=True, slots=True)
class Facts:
    """What the place of a log tells of the machine it is from."""

    layout: str | None = None  # "kdump", "sos" ...
    host: str | None = None
    kernel: str | None = None  # release
    wall: float | None = None  # Unix seconds, about when it was taken
    boot_id: str | None = None

    def over(self, outer: Facts) -> Facts:
        """These facts, and those of the surrounding place for what these do not tell."""
        return replace(outer, **{f.name: told for f in fields(self) if (told := getattr(self, f.name)) is not None})


@dataclass(frozen=True, slots=True)
class Blob:
    """A named run of bytes."""

    name: str
    data: Buffer
    facts: Facts = Facts()
    disk: str | None = None  # its path, if the bytes are those of a file on disk
    sha256: str | None = None  # of the bytes as they lay there, before anything was unpacked
    size: int | None = None
    notes: tuple[str, ...] = ()
    depth: int = 0  # layers it was unpacked from


def shown(path: str) -> str:
    """A name that can be printed, whatever bytes it was made of."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\n", "?")
