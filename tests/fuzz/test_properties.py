"""Every reader takes any bytes, and sound input that was damaged anywhere: it ends with a result or one clear error."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

EVIL = st.sampled_from(
    [
        b"\xff" * 8,
        bytes(8),
        b"\x80" + bytes(7),
        b"\x7f" + b"\xff" * 7,
        b"\n" * 8,
        b"..//../\0",
        b"9" * 20,
        b"0x" + b"f" * 17,
    ]
)


@st.composite
def damaged(draw: st.DrawFn, sound: list[bytes]) -> bytes:
    """A sound input with pieces replaced, taken out, put in or repeated."""
    data = draw(st.sampled_from(sound))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 40))
        piece = draw(st.one_of(st.binary(max_size=24), EVIL, st.just(data[at : at + size] * 2)))
        data = data[:at] + piece + data[at + draw(st.sampled_from([0, len(piece), size])) :]
    return data


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_damaged_input_is_read_or_refused(name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(damaged([seed[:8192] for seed in seeds(name)]))
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_any_bytes_are_read_or_refused(name: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(st.one_of(st.binary(max_size=600), st.text(max_size=300).map(str.encode)))
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()
