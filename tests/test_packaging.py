"""The wheel holds the grammars and templates, and start-up stays light."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEAVY = {"drgn", "lark", "pandas", "numpy", "jinja2", "capstone", "rich"}


def loaded_after(code: str) -> set[str]:
    """Names of the top-level modules that a fresh interpreter has after `code`."""
    script = f"{code}\nimport sys; print(','.join({{m.partition('.')[0] for m in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split(","))


def test_help_loads_nothing_heavy() -> None:
    code = "from click.testing import CliRunner; from triage.cli import main; CliRunner().invoke(main, ['--help'])"
    assert not loaded_after(code) & HEAVY


def test_a_log_without_core_loads_neither_drgn_nor_pandas() -> None:
    code = "import triage; triage.analyze('tests/fixtures/logs/memory_failure-origin-excerpt.log')"
    assert not loaded_after(code) & {"drgn", "pandas", "numpy", "jinja2", "capstone"}


def test_an_installed_package_reads_logs_without_lark(tmp_path: Path) -> None:
    """Its tables were made when it was built."""
    tables = f"from pathlib import Path; from triage.logs import tables; tables.FOLDER = Path({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", f"{tables}; tables.write()"], check=True, cwd=ROOT)
    code = f"{tables}; import triage; triage.analyze('tests/fixtures/logs/memory_failure-origin-excerpt.log')"
    assert "lark" not in loaded_after(code)


def test_wheel_holds_all_grammars_and_templates(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("vmtriage-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        f"triage/_data/{folder}/{path.relative_to(ROOT / folder)}"
        for folder in ("grammars", "reports/templates")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    wanted |= {f"triage/_data/tables/{path.stem}.json" for path in (ROOT / "grammars").glob("[!_]*.lark")}
    assert len(wanted) > 50
    assert wanted <= packed
    assert not any(name.startswith(("tests/", "bench/", "grammars/")) for name in packed)
