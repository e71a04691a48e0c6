"""The BTF index on a blob made by hand."""

import struct

import pytest

from triage.vmcore.btf import Btf, BtfError, Kind, reduced


class Blob:
    """Builds a BTF blob; ids count from 1 in the order in which types are added."""

    def __init__(self) -> None:
        self.strings, self.types = b"\0", b""

    def name(self, text: str) -> int:
        if not text:
            return 0
        at = self.strings.find(b"\0" + text.encode() + b"\0")
        if at < 0:
            at = len(self.strings) - 1
            self.strings += text.encode() + b"\0"
        return at + 1

    def add(self, kind: int, name: str, size: int, *words: int, vlen: int = 0, flag: bool = False) -> None:
        self.types += struct.pack("<III", self.name(name), flag << 31 | kind << 24 | vlen, size)
        self.types += b"".join(struct.pack("<I", word & 0xFFFFFFFF) for word in words)

    def build(self, layout: bytes = b"") -> bytes:
        header = 24 if not layout else 32
        out = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, header, 0, len(self.types), len(self.types), len(self.strings))
        body = self.types + self.strings
        return out + (struct.pack("<II", len(body), len(layout)) if layout else b"") + body + layout


@pytest.fixture
def blob() -> Blob:
    made = Blob()
    made.add(Kind.INT, "int", 4, 1 << 24 | 32)
    made.add(Kind.STRUCT, "page", 16, made.name("flags"), 1, 0, made.name("order"), 1, 8 << 24 | 64, vlen=2, flag=True)
    made.add(Kind.ENUM, "pageflags", 4, made.name("PG_locked"), 0, made.name("PG_bad"), -1, vlen=2, flag=True)
    made.add(Kind.ENUM64, "wide", 8, made.name("BIG"), 5, 1, vlen=1)
    made.add(Kind.PTR, "", 2)
    made.add(Kind.VAR, "jiffies", 1, 0)
    return made


def test_finds_by_kind_and_name(blob):
    btf = Btf(blob.build())
    assert len(btf) == 6
    assert btf.find(Kind.STRUCT, "page") == 2
    assert btf.find(Kind.UNION, "page") is None
    assert btf.find(Kind.STRUCT, "pag") is None
    assert btf.find(Kind.VAR, "jiffies") == 6


def test_members_with_bit_fields(blob):
    btf = Btf(blob.build())
    assert btf.members(btf.entry(2)) == [("flags", 1, 0, 0), ("order", 1, 64, 8)]


def test_signed_and_64_bit_enumerators(blob):
    btf = Btf(blob.build())
    assert btf.enumerators(btf.entry(3)) == [("PG_locked", 0), ("PG_bad", -1)]
    assert btf.enumerators(btf.entry(4)) == [("BIG", 1 << 32 | 5)]
    assert btf.constant("PG_bad") == 3
    assert btf.constant("BIG") == 4
    assert btf.constant("PG_none") is None


def test_unknown_kind_is_refused_without_a_layout_and_skipped_with_one(blob):
    blob.add(20, "new", 0, 7, 8, vlen=1)
    blob.add(Kind.STRUCT, "behind", 8)
    with pytest.raises(BtfError, match="type 7 is of unknown kind 20"):
        Btf(blob.build())
    layout = b"".join(struct.pack("<BBH", 0, 0, 0) for _ in range(20)) + struct.pack("<BBH", 4, 4, 0)
    assert Btf(blob.build(layout)).find(Kind.STRUCT, "behind") == 8


@pytest.mark.parametrize("size", [0, 10, 40, 100])
def test_cut_blob_is_refused(blob, size):
    with pytest.raises(BtfError):
        Btf(blob.build()[:size])


def test_wrong_magic_is_refused():
    with pytest.raises(BtfError, match="magic"):
        Btf(bytes(64))


def test_reduced_keeps_ids_and_what_is_used(blob):
    data = blob.build()
    small = reduced(data, {1, 2})
    assert len(small) == len(data)
    btf = Btf(small)
    assert len(btf) == 6
    assert btf.members(btf.entry(2)) == [("flags", 1, 0, 0), ("order", 1, 64, 8)]
    assert btf.find(Kind.VAR, "jiffies") is None
    assert b"jiffies" not in small
    assert b"PG_locked" not in small
