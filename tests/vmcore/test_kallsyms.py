"""Kallsyms in memory made by hand: read with each way of writing offsets, and found without VMCOREINFO."""

import struct
from collections import Counter
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from drgn import FaultError

from triage.vmcore import kallsyms, kallsymsearch

STEXT = 0xFFFFFFFF81000000
NAMES = ["T_text", "T_stext"] + [f"t{'x' * (n % 7)}f{n}" for n in range(700)] + ["D_end"]


def compress(name, merges=()):
    name = name.encode()
    for pair, code in merges:
        name = name.replace(pair, code)
    return bytes([len(name)]) + name


def merged(names):
    """Pairs and codes as scripts/kallsyms.c finds them: from 255 downwards, each time the most frequent pair."""
    left, merges = [name.encode() for name in names], []
    used = set(b"".join(left))
    for code in range(255, 100, -1):
        if code in used:
            continue
        pairs = Counter(name[at : at + 2] for name in left for at in range(len(name) - 1))
        pair = pairs.most_common(1)[0][0]
        merges.append((pair, bytes([code])))
        left = [name.replace(*merges[-1]) for name in left]
    return merges


def expanded(token, merges):
    for pair, code in reversed(merges):
        token = token.replace(code, pair)
    return token


class Image:
    """Read-only data with kallsyms as Linux 5.x lays it out, behind some text."""

    def __init__(self, relative=True, merges=()) -> None:
        self.addresses = [STEXT, STEXT] + [STEXT + 16 * n for n in range(1, len(NAMES) - 1)]
        base = STEXT if relative else 0
        self.offsets = [address - base for address in self.addresses]
        if not relative:  # per-CPU symbols as absolute values: negative offsets count down from base - 1
            base = STEXT
            self.offsets = [base - 1 - address for address in self.addresses]
        names = b"".join(compress(name, merges) for name in NAMES)
        starts = [sum(len(compress(name, merges)) for name in NAMES[:at]) for at in range(0, len(NAMES), 256)]
        tokens = [expanded(bytes([at]), merges) if at else b"~" for at in range(256)]
        token_index = [sum(len(token) + 1 for token in tokens[:at]) for at in range(256)]
        parts = {
            "kallsyms_offsets": struct.pack(f"<{len(NAMES)}i", *self.offsets),
            "kallsyms_relative_base": struct.pack("<Q", base),
            "kallsyms_num_syms": struct.pack("<I", len(NAMES)),
            "kallsyms_names": names,
            "kallsyms_markers": struct.pack(f"<{len(starts)}I", *starts),
            "kallsyms_token_table": b"".join(token + b"\0" for token in tokens),
            "kallsyms_token_index": struct.pack("<256H", *token_index),
        }
        self.data, self.places = b"0\x001\x002\x00 no table\0".ljust(4096, b"\xcc"), {}
        for name, part in parts.items():
            self.places[name] = STEXT + len(self.data)
            self.data += part + bytes(-len(part) % 8)
        self.data += bytes(-len(self.data) % (1 << 20))

    def read(self, address, size):
        at = address - STEXT
        if not 0 <= at <= len(self.data) - size:
            raise FaultError("not mapped", address)
        return self.data[at : at + size]

    def read_u32(self, address):
        return int.from_bytes(self.read(address, 4), "little")

    def read_u64(self, address):
        return int.from_bytes(self.read(address, 8), "little")

    def core(self, known):
        info = {"SYMBOL(_stext)": f"{STEXT:x}"}
        if known:
            info |= {f"SYMBOL({name})": f"{address:x}" for name, address in self.places.items()}
        return SimpleNamespace(prog=self, info=info, unrecorded=nullcontext)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_symbols_by_name_and_address(known, relative):
    image = Image(relative)
    core = image.core(known)
    found = kallsyms.Kallsyms(image, kallsyms.locate(core))
    (symbol,) = found(image, NAMES[100][1:], None, True)
    assert symbol.address == image.addresses[100]
    assert symbol.size == 16
    (symbol,) = found(image, None, image.addresses[100] + 5, True)
    assert symbol.name == NAMES[100][1:]
    assert found(image, None, STEXT + 3, True)[0].name == "_text"  # the first of several
    assert found(image, "nothing", None, True) == []
    assert found(image, None, 0x401000, True) == []  # user space
    assert found(image, None, image.addresses[-1] + 1, True) == []  # behind the image
    assert f"SYMBOL({'kallsyms_names'})" in core.info


def test_each_symbol_is_found_by_its_compressed_name():
    merges = merged(NAMES)
    image = Image(merges=merges)
    assert len(image.data) == len(Image().data)
    found = kallsyms.Kallsyms(image, kallsyms.locate(image.core(True)))
    assert found._merges is not None
    assert len(found._merges) == len(merges) > 100
    assert [found._find(name[1:].encode()) for name in NAMES] == list(range(len(NAMES)))
    assert found._find(b"T_stext") is None


@pytest.mark.parametrize("order", [reversed, lambda merges: merges[1::2] + merges[::2]])
def test_names_that_were_compressed_otherwise_are_found_too(order):
    pairs = [pair for pair, _ in merged(NAMES) if pair.isascii()][:8]  # of plain characters, in no order
    merges = list(order([(pair, bytes([0xF0 + at])) for at, pair in enumerate(pairs)]))
    image = Image(merges=merges)
    found = kallsyms.Kallsyms(image, kallsyms.locate(image.core(True)))
    assert [found._find(name[1:].encode()) for name in NAMES] == list(range(len(NAMES)))


def test_search_finds_every_array():
    image = Image()
    found = kallsymsearch.search(image, STEXT)
    assert found == {name: image.places[name] for name in found}
    assert len(found) == 6


def test_search_without_kallsyms():
    image = Image()
    image.data = image.data.replace(b"0\x001\x002\x003\x00", b"0\x001\x002\x00x\x00")
    with pytest.raises(LookupError, match="not found"):
        kallsymsearch.search(image, STEXT)


def test_disagreement_about_stext_is_an_error():
    image = Image()
    core = image.core(True)
    core.info["SYMBOL(_stext)"] = f"{STEXT + 0x1000:x}"
    with pytest.raises(ValueError, match="_stext"):
        kallsyms.Kallsyms(image, kallsyms.locate(core))


def test_reduced_keeps_what_was_asked_for_and_its_size():
    image = Image()
    found = kallsyms.Kallsyms(image, kallsyms.locate(image.core(True)))
    wanted = found(image, NAMES[100][1:], None, True)[0]
    for start, content in found.reduced():
        at = start - STEXT
        image.data = image.data[:at] + content + image.data[at + len(content) :]
    again = kallsyms.Kallsyms(image, kallsyms.locate(image.core(True)))
    (symbol,) = again(image, wanted.name, None, True)
    assert (symbol.address, symbol.size) == (wanted.address, wanted.size)
    assert again(image, None, wanted.address + 16, True) == []
    assert again(image, NAMES[300][1:], None, True) == []
    assert NAMES[300][1:].encode() not in image.data
