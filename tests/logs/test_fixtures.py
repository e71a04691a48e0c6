"""Every fixture log says at its top what triage must read out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logs.samples import FOLDER, Sample


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.log")), ids=lambda p: p.stem)
def test_reads_what_the_headers_say(path: Path, update: bool) -> None:
    sample = Sample.read(path)
    assert sample.comments, "a fixture begins with a comment that says what it shows"
    found = sample.found()
    if update:
        sample.write(found)
    else:
        assert found == sample.expected
