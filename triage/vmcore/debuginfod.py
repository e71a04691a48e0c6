"""Debug information by build id from a debuginfod server: `GET URL/buildid/BUILDID/debuginfo` (debuginfod(8)).

Nothing is asked for unless the user's environment names servers. The file goes into one without a name, which is gone
with the process; what `debuginfod-find` left in its cache is used before.
"""

from __future__ import annotations

import os
import re
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

BIGGEST = 4 << 30  # bytes; the debug file of a distribution's kernel has 0.3 to 1 GB
SECONDS = 600.0  # for one download
PATIENCE = 15.0  # seconds without a byte
CHUNK = 1 << 20
BUILD_ID = re.compile(r"[0-9a-f]{16,128}")


class _NoAnswerError(Exception):
    """One server did not give the file; says why."""


def servers() -> list[str]:
    """The servers in DEBUGINFOD_URLS, separated by blanks; those that are no web address are left out."""
    named = os.environ.get("DEBUGINFOD_URLS", "").split()
    return [url.rstrip("/") for url in named if urlsplit(url).scheme in ("http", "https")]


def find(build_id: str | None, notes: list[str]) -> tuple[IO[bytes], str] | None:
    """The debug file of a build as an open file, and where it came from; None, with the reasons in `notes`, if there is
    none. `build_id` in hex."""
    if build_id is None or not BUILD_ID.fullmatch(build_id):
        return None
    cached = _cache() / build_id / "debuginfo"
    if cached.is_file() and cached.stat().st_size:
        return cached.open("rb"), str(cached)
    urls = servers()
    if not urls:
        notes.append("debuginfod: DEBUGINFOD_URLS names no server")
    for url in urls:
        try:
            return _download(f"{url}/buildid/{build_id}/debuginfo"), url
        except (OSError, HTTPException, _NoAnswerError, ValueError) as error:
            notes.append(f"debuginfod {url}: {str(error) or type(error).__name__}")
    return None


def _cache() -> Path:
    """Where debuginfod's own client keeps files: debuginfod_find_debuginfo(3)."""
    named = os.environ.get("DEBUGINFOD_CACHE_PATH")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "debuginfod_client"


def _download(url: str) -> IO[bytes]:
    """The content at a web address in a file without a name; _NoAnswerError over a bound."""
    import tempfile

    end, size = time.monotonic() + SECONDS, 0
    request = urllib.request.Request(url, headers={"User-Agent": "triage"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        wanted = int(answer.headers.get("Content-Length") or 0)
        if wanted > BIGGEST:
            raise _NoAnswerError(f"a file of {wanted} bytes")
        file = tempfile.TemporaryFile()  # noqa: SIM115  given to the caller
        while chunk := answer.read(CHUNK):
            size += file.write(chunk)
            if size > BIGGEST or time.monotonic() > end:
                raise _NoAnswerError(f"no end after {size} bytes")
    if size == 0 or size < wanted:
        raise _NoAnswerError(f"{size} of {wanted} bytes came")
    file.flush()
    return file
