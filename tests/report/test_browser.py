"""What a browser does with hostile reports: no script runs, nothing is requested but the page itself."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.report import samples
from triage.report import html

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser here")

# Each attack would ask for a file named `taken-...` or put the word `pwned` into the page's title.
ATTACKS = (
    "<script>document.title='pwned'</script>",
    "<script src=/taken-script></script>",
    "<img src=/taken-image onerror=\"document.title='pwned'\">",
    '"><svg onload="document.title=\'pwned\'"><image href=/taken-svg>',
    "' onmouseover='document.title=1' autofocus onfocus='document.title=`pwned`' x='",
    "<iframe src=/taken-frame srcdoc=\"<script>parent.document.title='pwned'</script>\">",
    "</style><style>@import '/taken-style'; body { background: url(/taken-background) }",
    "</title><meta http-equiv=refresh content='0;url=/taken-refresh'>",
    "<link rel=stylesheet href=/taken-link><base href=//taken.example/>",
    "<object data=/taken-object></object><embed src=/taken-embed><video poster=/taken-poster autoplay>",
    "<form action=/taken-form><button autofocus>x</button></form><details open ontoggle=\"document.title='pwned'\">",
    "javascript:document.title='pwned'",
    "</textarea></script>--><script>document.title='pwned'</script>",
    "{{ 7*7 }}{% include '/etc/passwd' %}",
)


class Server(SimpleHTTPRequestHandler):
    """Serves a folder and remembers what it was asked for."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which it is served; its log begins anew."""
    folder = tmp_path / "site"
    folder.mkdir()
    Server.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def browse(address: str, profile: Path) -> str:
    """The page as a browser has it after whatever it wanted to do; its own services ask for nothing."""
    options = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync --disable-default-apps --virtual-time-budget=3000 --dump-dom"
    )
    command = [str(CHROMIUM), *options.split(), f"--user-data-dir={profile}", address]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout


def attacked(item: Any, attack: str) -> Any:
    """The same object with an attack in every text that may hold anything."""
    from triage.redact import free

    if isinstance(item, str):
        return f"{item} {attack}"
    if isinstance(item, (tuple, list)):
        return type(item)(attacked(part, attack) for part in item)
    if isinstance(item, dict):
        return {key: attacked(part, attack) for key, part in item.items()}
    if is_dataclass(item) and not isinstance(item, type):
        known = {field.name for field in fields(item)}
        return replace(
            item, **{name: attacked(getattr(item, name), attack) for name in free(type(item)) if name in known}
        )
    return item


def pages() -> dict[str, str]:
    """Reports in which every field is an attack."""
    made = {f"{n}.html": html.render([attacked(samples.proven(), attack)]) for n, attack in enumerate(ATTACKS)}
    return made | {"hostile.html": html.render([samples.hostile()])}


def test_a_browser_would_act_on_these_attacks(served: tuple[Path, str], tmp_path: Path) -> None:
    """The test itself: unescaped, they do what they say."""
    folder, address = served
    (folder / "a.html").write_text("<title>x</title>" + "".join(ATTACKS[:3]))
    shown = browse(f"{address}/a.html", tmp_path / "profile")
    assert "<title>pwned</title>" in shown and "/taken-image" in Server.asked


def test_no_script_runs_and_nothing_is_requested(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    made = pages()
    for name, text in made.items():
        (folder / name).write_text(text)
    for name in made:
        Server.asked.clear()
        shown = browse(f"{address}/{name}", tmp_path / "profile")
        asked = [path for path in Server.asked if path != "/favicon.ico"]  # every browser asks for that
        assert asked == [f"/{name}"], name
        assert "What happened" in shown and "pwned</title>" not in shown


def test_the_policy_holds_even_where_escaping_would_fail(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, address = served
    text = html.render([samples.proven()]).replace("</article>", "".join(ATTACKS[:6]) + "</article>", 1)
    (folder / "a.html").write_text(text)
    shown = browse(f"{address}/a.html", tmp_path / "profile")
    assert "<script" in shown, "the attack is in the page"
    assert [path for path in Server.asked if path != "/favicon.ico"] == ["/a.html"] and "pwned</title>" not in shown
