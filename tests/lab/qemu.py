"""A QEMU guest under the host's control: monitor (QMP), debugger stub and a shell on a serial port."""

import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from .errors import LabError
from .gdbstub import Debugger
from .shell import NICE


def connect(path: Path, process: subprocess.Popen[bytes], seconds: float = 10.0) -> socket.socket:
    """Connect to a socket that QEMU makes when it starts."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            connection.close()
            time.sleep(0.05)
    raise LabError(f"QEMU offers no {path.name} socket; its qemu.log tells why")


class Monitor:
    """QMP: `monitor("stop")`, `monitor("dump-guest-memory", paging=False, ...)`."""

    def __init__(self, connection: socket.socket) -> None:
        self._stream = connection.makefile("rw")
        self._stream.readline()  # the greeting
        self("qmp_capabilities")

    def __call__(self, command: str, **arguments: Any) -> Any:
        """Send one command and return its result; an error of QEMU's is a LabError."""
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self._stream.flush()
        while line := self._stream.readline():
            reply = json.loads(line)
            if "error" in reply:
                raise LabError(f"{command}: {reply['error']['desc']}")
            if "return" in reply:
                return reply["return"]
        raise LabError(f"{command}: QEMU is gone")

    def human(self, line: str) -> str:
        """A command of the human monitor (mce has no QMP form)."""
        return str(self("human-monitor-command", **{"command-line": line}))


class Shell:
    """The guest's init, which runs one line at a time (guest/init has the protocol)."""

    def __init__(self, connection: socket.socket, log: Path) -> None:
        self._connection = connection
        self._pending = b""
        self._log = log.open("w")
        self._command = "boot"

    def answer(self, seconds: float = 60.0) -> str:
        """Wait for the end of the running command and return what it printed."""
        end = time.monotonic() + seconds
        while not (found := re.search(rb"\x04(\d+)\r?\n", self._pending)):
            self._connection.settimeout(max(0.01, end - time.monotonic()))
            try:
                got = self._connection.recv(65536)
            except TimeoutError:
                got = b""
            if not got:
                raise LabError(
                    f"the guest gave no answer within {seconds:.0f} s to {self._command}: {self._pending[-300:]!r}"
                )
            self._pending += got
        output = self._pending[: found.start()].decode(errors="replace").replace("\r", "").strip()
        self._pending = self._pending[found.end() :]
        self._log.write(output + f"\n[{found.group(1).decode()}]\n")
        self._log.flush()
        if found.group(1) != b"0":
            raise LabError(f"the guest's command failed: {self._command}: {output}")
        return output

    def send(self, line: str) -> None:
        """Start a command without waiting for it: it may be the guest's last."""
        self._command = line
        self._log.write(f"$ {line}\n")
        self._log.flush()
        self._connection.sendall(line.encode() + b"\n")

    def run(self, line: str, seconds: float = 60.0) -> str:
        """Run a command and return what it printed; a status other than 0 is a LabError."""
        self.send(line)
        return self.answer(seconds)


class Guest:
    """A running guest; leaving the `with` block ends QEMU, and only the process started here.

    control  the device that joins the guest's shell to the character device "control"
    """

    def __init__(self, command: Sequence[str | Path], folder: Path, control: Sequence[str]) -> None:
        self.folder = folder
        # not in the case's folder: the path of a Unix socket holds 107 bytes
        self._sockets = Path(tempfile.mkdtemp(prefix="lab-"))
        words = [*NICE, *map(str, command), "-display", "none", "-nodefaults", "-no-reboot", "-device", "vmcoreinfo"]
        words += ["-serial", f"file:{folder / 'serial.log'}"]
        words += ["-chardev", f"socket,id=control,path={self._sockets}/control,server=on,wait=off", *control]
        words += ["-qmp", f"unix:{self._sockets}/qmp,server=on,wait=off"]
        words += ["-gdb", f"unix:{self._sockets}/gdb,server=on,wait=off"]
        (folder / "qemu.cmd").write_text(" ".join(words) + "\n")
        with (folder / "qemu.log").open("wb") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self.shell = Shell(connect(self._sockets / "control", self.process), folder / "control.log")
            self.monitor = Monitor(connect(self._sockets / "qmp", self.process))
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> "Guest":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def debugger(self) -> Debugger:
        """Attach to the debugger stub; the guest is stopped by that."""
        debugger = Debugger(connect(self._sockets / "gdb", self.process))
        debugger.command("?")
        return debugger

    def serial(self) -> str:
        """What the guest's console has printed so far."""
        path = self.folder / "serial.log"
        return path.read_bytes().decode(errors="replace").replace("\r", "") if path.exists() else ""

    def wait_serial(self, pattern: str, seconds: float) -> re.Match[str]:
        """Wait until the console shows `pattern`."""
        end = time.monotonic() + seconds
        while True:
            if found := re.search(pattern, self.serial()):
                return found
            if time.monotonic() > end or self.process.poll() is not None:
                raise LabError(f"the console never showed {pattern!r}; its end:\n{self.serial()[-1500:]}")
            time.sleep(0.2)

    def dump(self, path: Path) -> None:
        """Stop the guest and write an ELF core of its memory."""
        self.monitor("stop")
        self.monitor("dump-guest-memory", paging=False, protocol=f"file:{path}")
        path.chmod(0o644)
