"""An archive on a real S3 API server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.fleet.samples import console, dmesg
from triage.errors import InputError
from triage.fleet import remote
from triage.fleet.run import Settings, run
from triage.fleet.store import Store
from triage.fleet.units import Missing

s3fs = pytest.importorskip("s3fs")
server = pytest.importorskip("moto.server")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket on a server of its own."""
    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "word",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem(use_listings_cache=False)
    system.mkdir("crashes")
    yield system
    running.stop()
    s3fs.S3FileSystem.clear_instance_cache()


def cases(store: Store) -> Any:
    found = store.read("cases")
    return found[found["duplicate_of"].isna()]


def test_a_bucket_is_an_archive_like_any_other(bucket: Any, empty: Store) -> None:
    bucket.pipe("crashes/host1/10.0.0.7-2026-11-20-10:03:20/vmcore-dmesg.txt", dmesg(error=True).encode())
    bucket.pipe("crashes/console/node7.log", console("node7", error=True).encode())
    bucket.pipe("crashes/console/node8.log", console("node8", 300.5, pid=9).encode())
    bucket.pipe("crashes/console/picture.png", bytes(range(256)) * 8)
    summary = run(["s3://crashes"], empty, Settings(jobs=2))
    assert (summary.failed, summary.joined) == (0, 1)
    found = cases(empty)
    assert sorted(found["host"]) == ["node7", "node8"]
    assert all(source.startswith("s3://crashes/") for sources in found["sources"] for source in sources)

    bucket.pipe("crashes/console/node8.log", console("node8", 400.5, pid=10).encode())
    again = run(["s3://crashes/"], empty, Settings(jobs=2))
    assert (again.done, again.unchanged) == (1, 3)
    assert sorted(cases(empty)["time"]) == [200.0, 400.5]


def test_patterns_and_single_objects(bucket: Any) -> None:
    for n in range(3):
        bucket.pipe(f"crashes/2026/{n}/a.log", b"x")
    assert [unit.name for unit in remote.units("s3://crashes/2026/[12]/*.log")] == [
        "s3://crashes/2026/1/a.log",
        "s3://crashes/2026/2/a.log",
    ]
    assert [unit.name for unit in remote.units("s3://crashes/2026/0/a.log")] == ["s3://crashes/2026/0/a.log"]
    assert [type(unit) for unit in remote.units("s3://crashes/none")] == [Missing]


def test_a_store_that_fails_half_way_loses_nothing(bucket: Any, empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(4):
        bucket.pipe(f"crashes/{n}.log", dmesg(100.5 + n, pid=100 + n).encode())
    listed = list(remote.units("s3://crashes"))
    for n in (1, 2):
        bucket.rm(f"crashes/{n}.log")
    monkeypatch.setattr(remote, "units", lambda url: iter(listed))
    summary = run(["s3://crashes"], empty, Settings(jobs=2))
    assert (summary.done, summary.failed) == (2, 2), summary.failures
    assert empty.read("failures")["kind"].tolist() == ["unread"] * 2
    for n in (1, 2):
        bucket.pipe(f"crashes/{n}.log", dmesg(100.5 + n, pid=100 + n).encode())
    assert run(["s3://crashes"], empty, Settings(jobs=2)).done == 2
    assert len(cases(empty)) == 4 and empty.read("failures").empty


def test_a_driver_that_is_not_there_is_named(empty: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(*_: object, **__: object) -> None:
        raise ImportError("Install it to access it")

    monkeypatch.setattr("fsspec.core.url_to_fs", lacking)
    for scheme, extra in {"s3": "s3", "gs": "gs", "http": "https", "https": "https"}.items():
        with pytest.raises(InputError) as refused:
            remote.opened(f"{scheme}://place/x")
        assert refused.value.reason == f"{scheme}:// needs a driver: pip install 'vmtriage[{extra}]'"
    monkeypatch.undo()
    summary = run(["nosuch://place/x"], empty, Settings())
    reason = summary.failures[0][1].reason
    assert "nosuch" in reason and "pip" not in reason
