"""Just enough of GDB's remote protocol to watch memory in a QEMU guest."""

import re
import socket
import time

from .errors import LabError


class Debugger:
    """A connection to the stub: watch a range, wait for the hit, read registers."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._pending = b""
        self._connection.settimeout(60)

    def _send(self, packet: str) -> None:
        self._connection.sendall(b"$%s#%02x" % (packet.encode(), sum(packet.encode()) & 255))

    def _receive(self) -> str:
        while not (found := re.search(rb"\$([^#]*)#..", self._pending)):
            got = self._connection.recv(65536)
            if not got:
                raise LabError("the debugger stub is gone")
            self._pending += got
        self._pending = self._pending[found.end() :]
        self._connection.sendall(b"+")
        return found.group(1).decode()

    def command(self, packet: str) -> str:
        """Send one packet and return the reply, passing over the stop that attaching reports late."""
        self._send(packet)
        while (reply := self._receive()).startswith("T") and not packet.startswith(("?", "c")):
            pass
        return reply

    def resume(self) -> None:
        """Let the guest run on, without waiting."""
        self._send("c")

    def wait_for_stop(self, seconds: float) -> tuple[int, int]:
        """Wait until a watchpoint is hit; return the CPU (from 0) and the address that was touched."""
        self._connection.settimeout(seconds)
        try:
            # attaching reports a stop of its own, which may come late
            while not (watch := re.search(r"watch:(\w+)", stop := self._receive())):
                pass
        except TimeoutError:
            raise LabError(f"nothing touched the watched page within {seconds:.0f} s") from None
        finally:
            self._connection.settimeout(60)
        thread = re.search(r"thread:(?:p\w+\.)?0*(\w+)", stop)
        return int(thread.group(1), 16) - 1 if thread else 0, int(watch.group(1), 16)

    def register(self, number: int) -> int:
        """One of the 64-bit registers that open the stub's register file (x86-64: 16 is rip)."""
        file = bytes.fromhex(self.command("g"))
        return int.from_bytes(file[8 * number : 8 * number + 8], "little")

    def detach(self) -> None:
        """Let the guest run on its own."""
        self._send("D")
        time.sleep(0.2)
        self._connection.close()
