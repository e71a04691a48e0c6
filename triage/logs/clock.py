"""Wall clocks as logs print them, to Unix seconds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# `Nov 23 02:11:47`, `Mon Nov 23 02:11:47.123456 2026`, `Mon Nov  3 02:11:47 UTC 2026`, `Nov23 02:11`
NAMED = re.compile(
    r"(?:[A-Z][a-z]{2} )?(?P<month>[A-Za-z]{3})\.? ?(?P<day>[ \d]\d) (?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d(?:\.\d{1,9})?))?(?: [A-Z]{3,5})?(?: (?P<year>\d{4}))?"
)
WEEKDAY = re.compile(r"^[A-Z][a-z]{2} ")
ZONE_NAME = re.compile(r" [A-Z]{1,5}$")  # of a name alone the offset is not known
BEYOND_MICROSECONDS = re.compile(r"(\.\d{6})\d+")
LEAP = datetime(2000, 12, 31, tzinfo=UTC)  # the end of a year that has every day
AHEAD = timedelta(days=1)  # a log may be this much later than the hint: zones, and clocks that differ


@lru_cache(maxsize=4096)
def wall_seconds(text: str | None, near: float | None = None) -> float | None:
    """Unix seconds of a wall clock; times without zone are taken as UTC.

    `2026-11-23T02:11:47,123456+00:00`, `Mon Nov 23 02:11:47 2026`, `1795399907.123456`. `Nov 23 02:11:47` has no year:
    it is the last such day not after `near` (Unix seconds, when the log was taken). None: no `near` for it, or no time.
    """
    if not text:
        return None
    if text[:10].isdigit():
        return float(text) if text.replace(".", "", 1).isdigit() else None
    match = NAMED.fullmatch(text)
    moment = named(match, near) if match else iso(text)
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


@lru_cache(maxsize=4096)
def since_new_year(text: str) -> float | None:
    """Seconds since New Year by a clock without year, in a leap year: `Jan  2 00:00:01` is 86401.

    Two of one log tell how far apart they are, unless a New Year lies between.
    """
    match = NAMED.fullmatch(text)
    moment = named(match, LEAP.timestamp()) if match and not match["year"] else None
    return (moment - datetime(moment.year, 1, 1, tzinfo=UTC)).total_seconds() if moment else None


def iso(text: str) -> datetime | None:
    """An ISO time, with the weekday before it and the name of its zone behind it taken off."""
    text = ZONE_NAME.sub("", WEEKDAY.sub("", text)).replace(",", ".")
    try:
        return datetime.fromisoformat(BEYOND_MICROSECONDS.sub(r"\1", text.replace(" +", "+").replace(" -", "-")))
    except ValueError:
        return None


def named(match: re.Match[str], near: float | None) -> datetime | None:
    """A time whose month is a word; a missing year follows from `near`."""
    month = match["month"].lower()
    second = float(match["second"] or 0)
    if month not in MONTHS:
        return None
    latest = datetime.fromtimestamp(near, UTC) + AHEAD if near is not None else None
    years = [int(match["year"])] if match["year"] else [latest.year, latest.year - 1] if latest else []
    for year in years:
        try:
            day = datetime(year, MONTHS.index(month) + 1, int(match["day"]), tzinfo=UTC)
            moment = day + timedelta(hours=int(match["hour"]), minutes=int(match["minute"]), seconds=second)
        except (ValueError, OverflowError):  # the thirtieth of February, the leap day of another year
            continue
        if match["year"] or (latest and moment <= latest):
            return moment
    return None
