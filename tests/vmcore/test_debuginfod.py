"""debuginfod: a local server with its URL scheme, asked by build id; the file must be of the core's own build."""

import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from triage import vmcore
from triage.vmcore import debuginfod

CORE = "6.12-none-nmi-elf"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A server whose `files` are path -> content, and `asked` the paths that were asked for."""
    files, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = files.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.files, running.asked, running.url = files, asked, f"http://127.0.0.1:{running.server_port}"
    threading.Thread(target=running.serve_forever, daemon=True).start()
    monkeypatch.setenv("DEBUGINFOD_URLS", f"http://127.0.0.1:1 {running.url}/")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def untyped(core_path, tmp_path):
    """A core whose BTF is gone."""
    path = tmp_path / "vmcore"
    path.write_bytes(core_path(CORE).read_bytes().replace(b"\x9f\xeb\x01\x00\x18\x00\x00\x00", bytes(8)))
    return str(path)


def debug_file(folder, build_id):
    """A file with debug information that claims to be of a build."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no compiler")
    (folder / "a.c").write_text("struct page { unsigned long flags; } mem_map[4];\n")
    command = [compiler, "-g", "-shared", "-nostdlib", f"-Wl,--build-id=0x{build_id}", "-o", "a.debug", "a.c"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "a.debug").read_bytes()


def test_a_core_without_types_is_read_with_what_a_server_has(server, untyped, tmp_path, monkeypatch):
    build_id = vmcore.inspect(untyped).build_id
    (asked,) = set(server.asked)
    assert asked == f"/buildid/{build_id}/debuginfo"
    server.files[asked] = debug_file(tmp_path, build_id)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    facts = vmcore.inspect(untyped)
    assert facts.types == f"dwarf ({server.url})"
    assert "/proc/self/fd" not in " ".join(facts.notes)
    assert any(note.startswith("debuginfod http://127.0.0.1:1: ") for note in facts.notes)
    assert list(temporary.iterdir()) == []


def test_a_file_of_another_build_is_refused(server, untyped, tmp_path):
    build_id = vmcore.inspect(untyped).build_id
    server.files[f"/buildid/{build_id}/debuginfo"] = debug_file(tmp_path, "12" * 20)
    facts = vmcore.inspect(untyped)
    assert facts.types == "vmcoreinfo"
    assert any("refused" in note and server.url in note for note in facts.notes)


def test_a_core_with_types_asks_nobody_unless_told_to(server, core_path):
    path = str(core_path(CORE))
    assert vmcore.inspect(path).types == "btf"
    assert server.asked == []
    facts = vmcore.inspect(path, debuginfod=True)
    assert (facts.types, len(server.asked)) == ("btf", 1)
    assert any("404" in note for note in facts.notes)


def test_without_servers_a_core_without_types_asks_nobody(untyped, monkeypatch):
    monkeypatch.delenv("DEBUGINFOD_URLS", raising=False)
    assert not any("debuginfod" in note for note in vmcore.inspect(untyped).notes)


@pytest.mark.parametrize("body", [b"", b"x" * 2000])
def test_a_file_without_content_or_too_large_is_refused(server, monkeypatch, body):
    monkeypatch.setattr(debuginfod, "BIGGEST", 1000)
    server.files[f"/buildid/{'ab' * 10}/debuginfo"] = body
    notes = []
    assert debuginfod.find("ab" * 10, notes) is None
    assert re.search(r"bytes", notes[1])


def test_what_the_client_cached_is_used(server, tmp_path):
    cached = tmp_path / "cache" / "debuginfod_client" / ("ab" * 10) / "debuginfo"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"ELF")
    file, name = debuginfod.find("ab" * 10, [])
    with file:
        assert (file.read(), name) == (b"ELF", str(cached))
    assert server.asked == []


@pytest.mark.parametrize("build_id", [None, "", "../../etc", "zz" * 20])
def test_what_is_no_build_id_is_not_asked_for(server, build_id):
    assert debuginfod.find(build_id, []) is None
    assert server.asked == []


def test_only_web_servers_are_asked(monkeypatch):
    monkeypatch.setenv("DEBUGINFOD_URLS", "file:///etc ftp://host ima:enforcing https://debuginfod.debian.net/")
    assert debuginfod.servers() == ["https://debuginfod.debian.net"]
