"""The fixture cores and their truth files, and a reader that runs in this process."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CORES = Path(__file__).parent.parent / "fixtures" / "cores"


def names() -> list[str]:
    """All fixture cores."""
    return sorted(path.name.removesuffix(".truth.json") for path in CORES.glob("*.truth.json"))


def truth(name: str) -> dict[str, Any]:
    """What the guest and the host said of a core when it was made."""
    return json.loads((CORES / f"{name}.truth.json").read_text())


def unpack(source: Path, target: Path) -> None:
    """Decompress a core, zero pages as holes."""
    data = zstd.decompress(source.read_bytes())
    with target.open("wb") as file:
        for at in range(0, len(data), 4096):
            piece = data[at : at + 4096]
            if piece.count(0) == len(piece):
                file.seek(len(piece), 1)
            else:
                file.write(piece)
        file.truncate(len(data))


def inspect(path: Path, **request: Any) -> Any:
    """CoreFacts of a core, read in this process: the child process costs more than the reading."""
    from triage.vmcore import parent, survey, wire

    parts = parent.Parts(str(path))
    for part, value in survey.survey(wire.Request(path=str(path), **request)):
        parts.add(*wire.decode(wire.encode(part, value).encode()))
    return parts.facts(None)


def covering(objects: list[dict[str, Any]], size: int, address: int) -> Iterator[dict[str, Any]]:
    """The described objects that hold an address."""
    return (each for each in objects if each["address"] <= address < each["address"] + size)
