"""Every kind of bad input gets a clear word, costs little, writes nothing, and leaves the good ones beside it alone."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inputs.samples import FAILURE, LINE, LOG, find, lines, one, write
from tests.work import calls
from triage.inputs import CoreFile, Found, Limits, LogText, Refused, Skipped, magic
from triage.inputs.buffers import opened
from triage.logs.prefix import split
from triage.model import Event

SMALL = Limits(bytes=4 << 20, members=100, seconds=20)


def zstd(data: bytes) -> bytes:
    import sys

    if sys.version_info >= (3, 14):
        from compression import zstd as module
    else:
        from backports import zstd as module
    packed: bytes = module.compress(data)
    return packed


PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.mark.parametrize("name", PACKERS)
def test_compressed_logs_by_content_and_not_by_name(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, {"console.txt": PACKERS[name](LOG)}) / "console.txt"
    text = one(path)
    assert lines(text) == [LINE.rstrip("\n")]
    assert text.size == path.stat().st_size
    assert text.sha256 and len(text.sha256) == 64


@pytest.mark.parametrize("name", PACKERS)
def test_several_streams_one_behind_the_other(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, {"a": PACKERS[name](LOG) + PACKERS[name](LOG)}) / "a"
    assert lines(one(path)) == [LINE.rstrip("\n")] * 2


@pytest.mark.parametrize("name", PACKERS)
def test_of_a_truncated_stream_what_came_out_is_read(tmp_path: Path, name: str) -> None:
    plain = b"".join(f"[{n:5d}.000000] {os.urandom(40).hex()}\n".encode() for n in range(30_000))
    packed = PACKERS[name](plain)
    text = one(write(tmp_path, {"a": packed[: len(packed) * 3 // 4]}) / "a")
    assert len(text.data) > len(plain) // 3
    assert plain.startswith(bytes(text.data[0 : len(text.data)]))
    assert any("truncated" in note and "analysed" in note for note in text.notes)


@pytest.mark.parametrize("name", PACKERS)
def test_a_damaged_stream_never_raises(tmp_path: Path, name: str) -> None:
    packed = bytearray(PACKERS[name](LOG * 1000))
    for at in range(10, len(packed), max(1, len(packed) // 40)):
        broken = packed.copy()
        broken[at] ^= 0xFF
        assert find(write(tmp_path, {"a": bytes(broken)}) / "a")


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (bytes(10_000), "NULs"),
        (bytes(range(256)) * 100, "binary"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" + bytes(100), "no core"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x04\x22\x4d\x18" + bytes(100), "lz4"),
        (b"LPKSHHRH" + bytes(300), "journalctl"),
        (gzip.compress(b"", mtime=0), "nothing"),
    ],
)
def test_what_is_no_log_says_so(tmp_path: Path, data: bytes, word: str) -> None:
    (refused,) = find(write(tmp_path, {"a": data}) / "a")
    assert isinstance(refused, Refused)
    assert word in refused.reason
    assert "\n" not in refused.reason


def test_the_good_ones_beside_are_still_found(tmp_path: Path) -> None:
    write(tmp_path, {"empty": b"", "good.log": LOG})
    first, second, third = find(tmp_path / "missing", tmp_path / "empty", tmp_path / "good.log")
    assert isinstance(first, Refused) and isinstance(second, Refused) and isinstance(third, LogText)


def test_a_directory_with_nothing_of_use(tmp_path: Path) -> None:
    (refused,) = find(write(tmp_path, {"a": b"", "b": bytes(100)}))
    assert isinstance(refused, Refused) and "nothing of use" in refused.reason
    write(tmp_path, {"c": LOG})
    log, skipped = find(tmp_path)
    assert isinstance(log, LogText) and skipped == Skipped(str(tmp_path), "files of no use", 2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": LOG}) / "a"
    path.chmod(0)
    (refused,) = find(path)
    assert isinstance(refused, Refused) and "ermission" in refused.reason


def test_names_that_cannot_be_printed(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff\n.log"
    Path(os.fsdecode(path)).write_bytes(LOG)
    (text,) = find(os.fsdecode(path))
    text.name.encode("utf-8")
    assert "\n" not in text.name


def test_a_name_with_a_nul() -> None:
    (refused,) = find("a\0b")
    assert isinstance(refused, Refused)


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    import threading

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(gzip.compress(LOG)))
    writer.start()
    assert lines(one(pipe)) == [LINE.rstrip("\n")]
    writer.join()


def test_what_only_looks_like_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "dmesg")
    (tmp_path / "kmsg").symlink_to("/proc/kmsg")  # a regular file to stat(2), whose reader waits for news
    (tmp_path / "zero").symlink_to("/dev/zero")
    (refused,) = find(str(tmp_path))
    assert isinstance(refused, Refused)
    with pytest.raises(OSError, match="not a regular file"):
        opened(str(tmp_path / "dmesg"))


@pytest.mark.skipif(not os.access("/dev/kmsg", os.R_OK), reason="the kernel's log may not be read here")
def test_the_kernels_log_device_ends_where_the_log_does() -> None:
    (found,) = find("/dev/kmsg")
    assert not isinstance(found, Refused) or found.reason == "empty file"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(tmp_path: Path, encoding: str) -> None:
    assert lines(one(write(tmp_path, {"a": (LINE * 40).encode(encoding)}) / "a"))[0] == LINE.rstrip("\n")


def test_lines_that_end_in_carriage_returns_alone(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": LOG.replace(b"\n", b"\r") * 3}) / "a"
    assert lines(one(path)) == [LINE.rstrip("\n")] * 3


def test_mixed_encodings_and_nuls_stay_logs(tmp_path: Path) -> None:
    data = (
        LOG + "[    1.000000] caf\xe9\n".encode("latin-1") + bytes(300_000) + "[    2.000000] caf\xe9\n".encode() + LOG
    )
    text = one(write(tmp_path, {"a": data}) / "a")
    assert bytes(text.data[0 : len(text.data)]) == data


def test_one_endless_line(tmp_path: Path) -> None:
    from triage.logs.parse import Parser

    path = tmp_path / "endless"
    with path.open("wb") as file:
        file.write(b"x" * 1000)
        file.truncate(256 << 20)  # a hole: no bytes are written
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + LOG)
    assert list(Parser(LogText(name="first", data=LOG)).events())  # the grammar is loaded now
    events = list[Event]()
    work = calls(lambda: events.extend(Parser(one(path)).events()))
    assert ([event.first_line for event in events], work < 20_000) == ([2], True)


def bomb(layers: int) -> bytes:
    data = bytes(8 << 20)
    for _ in range(layers):
        data = gzip.compress(data)
    return data


def test_limits_end_the_unpacking_and_keep_what_came_out(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": gzip.compress(LOG + bytes(64 << 20))}) / "a"
    (text,) = find(path, limits=SMALL)
    assert isinstance(text, LogText)
    assert len(text.data) <= SMALL.bytes
    assert "4194304 bytes" in text.notes[0]


def test_a_high_ratio_is_a_bomb(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": zstd(LOG + bytes(200 << 20))}) / "a"
    (text,) = find(path)
    assert isinstance(text, LogText)
    assert "times its size" in text.notes[0]
    assert len(text.data) < 100 << 20


def test_layers_upon_layers(tmp_path: Path) -> None:
    (refused,) = find(write(tmp_path, {"a": bomb(12)}) / "a")
    assert isinstance(refused, Refused) and "layers" in refused.reason


def tarred(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def info(name: str, size: int = len(LOG), kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.linkname = size, kind, target
    return made


def test_members_with_names_that_climb_and_links_are_left_out(tmp_path: Path) -> None:
    data = tarred(
        (info("../../etc/evil.log"), LOG),
        (info("/etc/evil.log"), LOG),
        (info("link", 0, tarfile.SYMTYPE, "/etc/passwd"), b""),
        (info("hard", 0, tarfile.LNKTYPE, "../x"), b""),
        (info("device", 0, tarfile.CHRTYPE), b""),
        (info("good.log"), LOG),
    )
    path = write(tmp_path / "in", {"a.tar": data}) / "a.tar"
    found = find(path)
    assert [f.name for f in found if isinstance(f, LogText)] == [f"{path}!good.log"]
    assert [f.partial and "leads out" in f.reason for f in found if isinstance(f, Refused)] == [True, True]
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar", "in"]


def test_a_truncated_tar_gives_the_members_before_the_cut(tmp_path: Path) -> None:
    data = tarred((info("one.log"), LOG), (info("two.log", len(LOG) * 100), LOG * 100))
    found = find(write(tmp_path, {"a.tar": data[:3000]}) / "a.tar")
    logs = [f for f in found if isinstance(f, LogText)]
    assert [f.name.split("!")[1] for f in logs] == ["one.log", "two.log"]
    assert "truncated" in logs[1].notes[0]


def test_sizes_that_lie(tmp_path: Path) -> None:
    big = info("sparse.log", 1 << 40)
    header = big.tobuf(tarfile.GNU_FORMAT)
    long_name = info("x", 1 << 33, tarfile.GNUTYPE_LONGNAME).tobuf(tarfile.GNU_FORMAT)
    pax = info("x", 1 << 33, tarfile.XHDTYPE).tobuf(tarfile.GNU_FORMAT)
    for raw in (header, long_name, pax):
        tracemalloc.start()
        found = find(write(tmp_path, {"a.tar": tarred((info("good.log"), LOG))[:1024] + raw + LOG}) / "a.tar")
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
        tracemalloc.stop()
        assert any(isinstance(f, LogText) and f.name.endswith("good.log") for f in found)
        assert any(isinstance(f, Refused) or (isinstance(f, LogText) and f.notes) for f in found)


def test_negative_sizes_do_not_turn_the_reader_in_circles(tmp_path: Path) -> None:
    good = bytearray(tarred((info("good.log"), LOG))[:1024])
    evil = bytearray(info("evil.log", 1).tobuf(tarfile.GNU_FORMAT))
    evil[124:136] = b"\xff" * 11 + b"\x00"  # base 256, minus something
    evil[148:156] = b" " * 8
    evil[148:156] = f"{sum(evil):06o}\0 ".encode()
    found = list[Found]()
    path = write(tmp_path, {"a.tar": bytes(good + evil)}) / "a.tar"
    work = calls(lambda: found.extend(find(path, limits=SMALL)))
    assert (any(isinstance(f, LogText) for f in found), work < 20_000) == (True, True)


def test_a_sparse_member_is_left_out(tmp_path: Path) -> None:
    sparse = info("sparse.log", 1 << 40)
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 40)}
    sparse.size = 512
    data = tarred((sparse, b"1\n0\n512\n".ljust(512, b"\0")), (info("good.log"), LOG))
    found = find(write(tmp_path, {"a.tar": data}) / "a.tar")
    assert any(isinstance(f, Refused) and "sparse" in f.reason for f in found)
    assert [f.name.split("!")[1] for f in found if isinstance(f, LogText)] == ["good.log"]


def test_too_many_members(tmp_path: Path) -> None:
    data = tarred(*[(info(f"{n}.log"), LOG) for n in range(200)])
    found = find(write(tmp_path, {"a.tar": data}) / "a.tar", limits=SMALL)
    assert sum(isinstance(f, LogText) for f in found) == 100
    assert any(isinstance(f, Refused) and "100 files" in f.reason for f in found)


def zipped(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return made.getvalue()


def test_zip_archives_and_their_lies(tmp_path: Path) -> None:
    data = zipped(good=LOG, evil=LOG * 100)
    (first, second) = find(write(tmp_path, {"a.zip": data}) / "a.zip")
    assert isinstance(first, LogText) and isinstance(second, LogText)
    central = data.rindex(b"PK\x01\x02")
    lying = bytearray(data)
    lying[central + 24 : central + 28] = struct.pack("<I", 1 << 31)  # the size of "good" when unpacked
    found = find(write(tmp_path, {"b.zip": bytes(lying)}) / "b.zip")
    assert any(isinstance(f, LogText) and f.name.endswith("evil") for f in found)
    assert all(isinstance(f, (LogText, Refused)) for f in find(write(tmp_path, {"c.zip": data[:-30]}) / "c.zip"))


def test_a_zip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    data = zipped(**{f"zeros{n}": LOG + bytes(3 << 20) for n in range(20)})
    found = find(write(tmp_path, {"a.zip": data}) / "a.zip", limits=SMALL)
    assert sum(len(f.data) for f in found if isinstance(f, LogText)) <= SMALL.bytes
    (refused,) = [f for f in found if isinstance(f, Refused) and f.name.endswith("a.zip")]
    assert "files in it were not looked at" in refused.reason
    assert refused.partial


def test_archives_in_archives(tmp_path: Path) -> None:
    inner = gzip.compress(tarred((info("messages.gz", len(gzip.compress(LOG))), gzip.compress(LOG))))
    outer = tarred((info("inner.tar.gz", len(inner)), inner), form=tarfile.GNU_FORMAT)
    text = one(write(tmp_path, {"a.tar.xz": lzma.compress(outer)}) / "a.tar.xz")
    assert text.name == f"{tmp_path}/a.tar.xz!inner.tar.gz!messages.gz"
    assert split(lines(text)[0]).body == FAILURE


def test_a_core_in_an_archive_is_unpacked_into_a_file_without_a_name(tmp_path: Path) -> None:
    content = b"KDUMP   " + bytes(4096)
    data = tarred((info("vmcore", len(content)), content), (info("vmcore-dmesg.txt"), LOG))
    core, log = sorted(find(write(tmp_path, {"a.tar": data}) / "a.tar"), key=lambda f: f.name)
    assert isinstance(core, CoreFile)
    assert Path(core.path).read_bytes() == content
    assert isinstance(log, LogText)


def test_a_compressed_core_is_unpacked(tmp_path: Path) -> None:
    content = b"KDUMP   " + bytes(4096)
    (core,) = find(write(tmp_path, {"vmcore.gz": gzip.compress(content)}) / "vmcore.gz")
    assert isinstance(core, CoreFile)
    assert Path(core.path).read_bytes() == content
    assert core.sha256 == hashlib.sha256(gzip.compress(content)).hexdigest()


@pytest.mark.parametrize(
    ("head", "form"),
    [
        (b"KDUMP   ", "kdump"),
        (b"DISKDUMP", "diskdump"),
        (b"makedumpfile\0", "flattened"),
        (b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x04\x00", "elf"),
        (b"\x7fELF\x02\x02\x01" + bytes(9) + b"\x00\x04", "elf"),
    ],
)
def test_cores_are_known_by_their_magic(tmp_path: Path, head: bytes, form: str) -> None:
    path = write(tmp_path, {"a.log": head + bytes(4096)}) / "a.log"
    (core,) = find(path)
    assert core == CoreFile(str(path), str(path), form)
    assert magic.core(head) == form


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=600),
    kind=st.sampled_from([m for _, m, _ in magic.MAGIC] + [b"", b"KDUMP   ", b"Panic#1 Part1\n"]),
)
def test_no_bytes_make_the_finder_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: bytes) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    path = folder / "dmesg-efi-1"
    path.write_bytes(kind + data)
    assert find(path)
    assert find(folder)


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = write(tmp_path, {"a": gzip.compress(LOG * 600_000)}) / "a"
    text = one(path)
    assert len(text.data) == len(LOG) * 600_000
    assert stat.S_ISDIR((tmp_path / "tmp").stat().st_mode)
    assert list((tmp_path / "tmp").iterdir()) == []
