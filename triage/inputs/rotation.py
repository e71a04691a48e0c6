"""Names of logs that a rotation left behind, as logrotate, savelog and consoles name them.

messages                  what is written now
messages.1, messages.2.gz the part before, and the one before that
messages-20261122.xz      the part that ended on that day
"""

from __future__ import annotations

import re
from typing import NamedTuple

SUFFIX = re.compile(r"(?:\.(?P<number>\d{1,2})|-(?P<day>20\d{6}))?(?:\.(?:gz|xz|bz2|zst))?$")


class Part(NamedTuple):
    """One part of a rotated log; parts of one log sort from the oldest to the one that is written now."""

    family: str  # the name of the log: `messages` for `messages.2.gz`
    day: int  # 20261122; parts without a day are newer
    place: int  # 0 for what is written now, -2 for `messages.2.gz`

    def follows(self, older: Part, present: set[Part]) -> bool:
        """Whether no numbered part is missing between an older one and this."""
        return all(self._replace(place=n) in present for n in range(older.place + 1, min(self.place, -1) + 1))


def part(name: str) -> Part:
    """What part a file is by its name; one without a rotation's suffix is written now."""
    found = SUFFIX.search(name)
    assert found  # the suffix may be empty
    day = int(found["day"]) if found["day"] else 99999999
    return Part(name[: found.start()], day, -int(found["number"]) if found["number"] else 0)
