"""Running host commands, and finding the packages that provide them."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .errors import LabError
from .paths import PACKAGES

NICE = ("nice", "-n", "10")


def run(command: Sequence[str | Path], stdin: Path | None = None, stdout: Path | None = None) -> str:
    """Run a host command niced and return its output; a failure is a LabError with the last lines of it."""
    words = [*NICE, *map(str, command)]
    nothing = Path(os.devnull)
    with (stdin or nothing).open("rb") as source, (stdout or nothing).open("wb") as sink:
        to = sink if stdout else subprocess.PIPE
        done = subprocess.run(words, stdin=source, stdout=to, stderr=subprocess.PIPE, check=False)
    output = ((done.stdout or b"") + done.stderr).decode(errors="replace")
    if done.returncode:
        raise LabError(f"{words[3]} ended with status {done.returncode}:\n" + "\n".join(output.splitlines()[-15:]))
    return output


def host_packages() -> list[str]:
    """The package names of packages.txt."""
    lines = (line.split("#")[0].strip() for line in PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def missing_packages() -> list[str]:
    """Which of them dpkg does not know as installed."""
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Package}\n", *host_packages()]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()
    installed = {line.split()[1] for line in listed if line.startswith("installed ")}
    return [name for name in host_packages() if name not in installed]


def install_packages() -> None:
    """Install what is missing when root; else say what to install."""
    missing = missing_packages()
    if not missing:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LabError("these Debian packages are needed: " + " ".join(missing))
    run(["apt-get", "update"])
    run(["apt-get", "install", "-y", "--no-install-recommends", *missing])
