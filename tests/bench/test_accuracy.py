"""The scorer counts what it says it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.accuracy.__main__ import Sample, score, select

CRASH = """\
[   10.000001] WARNING: CPU: 2 PID: 311 at drivers/base/slots.c:88 slot_check+0x51/0x70
[   10.000025] RIP: 0010:slot_check+0x51/0x70
[   10.000031] Call Trace:
[   10.000034]  slot_scan+0x30/0x80
[   10.000039] ---[ end trace 5a1c9e2b7d3f4810 ]---
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "4").write_text(f"TITLE: WARNING in slot_check\nTYPE: WARNING\nFRAME: slot_check\n\n{CRASH}")
    (tmp_path / "5").write_text(f"TITLE: WARNING in slot_scan\nCORRUPTED: Y\n\n{CRASH}")
    (tmp_path / "6").write_text(f"\n[    1.000000] all is well\n\nREPORT:\n{CRASH}")
    (tmp_path / "README").write_text("not a sample")
    return tmp_path


def test_counts_right_and_wrong(folder: Path) -> None:
    total = score(select([folder], None, False))
    assert (total.right["detection"], total.asked["detection"]) == (2, 2)
    assert (total.right["title"], total.asked["title"]) == (1, 2)
    assert (total.right["corrupted"], total.asked["type"], total.asked["frame"]) == (1, 1, 1)
    assert [miss.split()[:2] for miss in total.misses] == [["title", "5:"], ["corrupted", "5:"]]


def test_a_file_without_title_is_a_negative(folder: Path) -> None:
    total = score(select([folder], None, False))
    assert (total.right["negatives"], total.asked["negatives"]) == (1, 1)


def test_selects_a_part_and_the_rest(folder: Path) -> None:
    assert [sample.name for sample in select([folder], 4, False)] == ["4"]
    assert [sample.name for sample in select([folder], 4, True)] == ["5", "6"]


def test_reads_headers(folder: Path) -> None:
    sample = Sample.read(folder / "4")
    assert (sample.title, sample.type, sample.frame, sample.corrupted) == (
        "WARNING in slot_check",
        "WARNING",
        "slot_check",
        False,
    )
