"""Containers with random damage: whatever the bytes say, something is found or refused."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path

import pytest

from tests.inputs.samples import LOG, find
from tests.inputs.test_bad_inputs import PACKERS, info, tarred, zipped
from tests.inputs.test_formats import DMESG, entry, export
from tests.inputs.test_layouts import SOS
from tests.inputs.test_rasdaemon import MF, SCHEMA, STAMP

EVIL = (b"\xff" * 8, b"\0" * 8, b"7777777\0", b"\x80" + b"\0" * 7, b"\n" * 8, b"..//../\0")


def database() -> bytes:
    base = sqlite3.connect(":memory:")
    base.executescript(SCHEMA)
    base.execute(MF, (3, STAMP, "0x12345", "reserved kernel page"))
    base.commit()
    return base.serialize()


SEEDS = {
    "tar": tarred(*[(info(name, len(data)), data) for name, data in SOS.items()]),
    "long names": tarred((info("a" * 300), LOG), (info("b.log"), LOG)),
    "zip": zipped(good=LOG, sos__sos_commands__kernel__dmesg=LOG * 10),
    "sqlite": database(),
    "json": (json.dumps(entry()) + "\n").encode() * 3,
    "export": export(entry(), entry("a\nb")),
    "dmesg": DMESG.encode(),
    "pstore": b"Panic#1 Part3\n" + LOG,
    **{name: pack(LOG * 100) for name, pack in PACKERS.items()},
}


def damaged(data: bytes, chance: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at, what = chance.randrange(len(made) or 1), chance.randrange(4)
        if what == 0:
            made[at : at + 1] = bytes([chance.randrange(256)])
        elif what == 1:
            del made[at : at + chance.randrange(1, 64)]
        elif what == 2:
            made[at:at] = chance.randbytes(chance.randrange(32))
        else:
            made[at : at + 8] = chance.choice(EVIL)
    return bytes(made)


@pytest.mark.parametrize("name", SEEDS)
def test_damage_never_raises(tmp_path: Path, name: str) -> None:
    chance, path = random.Random(name), tmp_path / "dmesg-efi-1"
    for _ in range(60):
        path.write_bytes(damaged(SEEDS[name], chance))
        assert find(path)
        assert find(tmp_path)
