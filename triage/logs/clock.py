"""Wall clocks as logs print them, to Unix seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(maxsize=4096)
def wall_seconds(text: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time; None where the year or the whole is missing. Times without zone are taken as UTC."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
