"""Flattened dumps: pieces put where they belong, also of a file that was cut short."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vmcore.test_corenotes import NOTES, flattened, kdump
from triage.vmcore import corenotes
from triage.vmcore import flattened as flat


def put_together(data):
    """What `rearrange` makes of a flattened file."""
    out = io.BytesIO()
    flat.rearrange(io.BytesIO(data), out)
    return out.getvalue()


@given(st.binary(min_size=1, max_size=4000), st.integers(1, 700))
def test_pieces_come_where_they_belong(data, piece):
    whole = flattened(data, piece)
    assert put_together(whole) == data
    assert not flat.is_cut(io.BytesIO(whole))
    assert not flat.is_cut(io.BytesIO(whole + bytes(100)))  # the end of a disk behind it


@given(st.binary(min_size=1, max_size=3000), st.integers(1, 700), st.data())
def test_a_cut_file_gives_what_is_there_and_nothing_else(data, piece, draw):
    whole = flattened(data, piece)
    size = draw.draw(st.integers(4096, len(whole) - 1))
    assert flat.is_cut(io.BytesIO(whole[:size]))
    made = put_together(whole[:size])
    pieces = list(flat.pieces(io.BytesIO(whole[:size])))
    for found in pieces:
        assert made[found.offset : found.offset + found.size] == data[found.offset : found.offset + found.size]
    assert len(made) == max((p.offset + p.size for p in pieces), default=0)


def test_notes_of_a_cut_file(tmp_path):
    path = tmp_path / "vmcore"
    path.write_bytes(flattened(kdump(), piece=20000)[:-20])
    assert corenotes.notes(str(path), "flattened") == NOTES


@pytest.mark.parametrize("offset", [-1, 1 << 62, (1 << 63) - 1])
def test_impossible_places_are_left_out(offset):
    head = b"makedumpfile\0\0\0\0".ljust(4096, b"\0")
    data = head + offset.to_bytes(8, "big", signed=True) + (4).to_bytes(8, "big") + b"abcd"
    assert put_together(data) == b""
