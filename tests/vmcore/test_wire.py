"""Messages between triage and the process that reads a core are checked."""

import pytest

from triage.model import AddressFact, CoreFacts, PageFacts
from triage.vmcore import wire

PAGE = PageFacts(pfn=5, physical_address=0x5000, type="slab", type_now="slab", poisoned=True, flags=("hwpoison",))
ADDRESS = AddressFact(via="x19+0x18", address=0xFFFF000040458AA0, physical_address=0x40458AA0, exact=True)


def through(part, value):
    return wire.decode(wire.encode(part, value).encode())


def test_dataclasses_pass_unchanged():
    part, value = through("page", PAGE)
    assert part == "page"
    assert wire.build(PageFacts, value) == PAGE
    _, value = through("facts", {"addresses": (ADDRESS,), "page_shift": 12, "crash_time": 7, "host": None})
    fields = wire.check_fields(CoreFacts, value)
    assert fields == {"addresses": (ADDRESS,), "page_shift": 12, "crash_time": 7.0, "host": None}


@pytest.mark.parametrize(
    "value",
    [
        {"page_shift": "12"},
        {"page_shift": True},
        {"notes": "one"},
        {"notes": [1]},
        {"addresses": [{"via": "x8"}]},
        {"addresses": [{"via": "x8", "address": 1, "physical_address": 2, "exact": True, "translation": "guess"}]},
        {"nonsense": 1},
        {"crash": []},
        ["page_shift"],
        None,
    ],
)
def test_wrong_types_are_refused(value):
    with pytest.raises((wire.WireError, TypeError)):
        wire.check_fields(CoreFacts, value)


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"null", b'{"part": "end"}', b"\xff\xfe", b"[" * 100_000])
def test_unreadable_lines_are_refused(line):
    with pytest.raises(wire.WireError):
        wire.decode(line)
