"""The host as the guest's firmware: an ACPI HEST for two error sources, and CPER records in their status blocks.

Layouts: ACPI 6.5, 18.3.2 (HEST), 18.3.2.7 (generic status block); UEFI 2.10, N.2.5 (memory error section).
"""

import mmap
import struct
import uuid
from pathlib import Path

# where QEMU's virt board puts a first NVDIMM for 256 MiB of RAM: memory that no EFI map entry names
BASE = 0x8000_0000
SIZE = 4 << 20
POLLED_POINTER = BASE + 8
POLLED_BLOCK = BASE + 0x2000

NOTIFY_POLLED = 0
NOTIFY_SEA = 8
RECOVERABLE = 0
MULTI_BIT_ECC = 3
PLATFORM_MEMORY = uuid.UUID("a5bc1114-6f64-4ede-b863-3e83ed7c83b1")


class Memory:
    """Guest memory that is a file of the host's: 64-bit words and bytes by physical address."""

    def __init__(self, path: Path, base: int) -> None:
        self._file = path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._base = base

    def word(self, address: int) -> int:
        """Read a 64-bit word."""
        return int(struct.unpack_from("<Q", self._map, address - self._base)[0])

    def set_word(self, address: int, value: int) -> None:
        """Write a 64-bit word."""
        struct.pack_into("<Q", self._map, address - self._base, value)

    def write(self, address: int, data: bytes) -> None:
        """Write bytes."""
        self._map[address - self._base : address - self._base + len(data)] = data

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
        self._file.close()


def hest() -> bytes:
    """The table: source 0 notified by synchronous external abort, source 1 polled every second."""
    sources = _source(0, NOTIFY_SEA, 0, BASE) + _source(1, NOTIFY_POLLED, 1000, POLLED_POINTER)
    body = struct.pack("<I", 2) + sources
    header = struct.pack("<4sIBB6s8sI4sI", b"HEST", 36 + len(body), 1, 0, b"LAB   ", b"LABHEST ", 1, b"LAB ", 1)
    table = bytearray(header + body)
    table[9] = -sum(table) & 0xFF
    return bytes(table)


def _source(number: int, notify: int, poll_ms: int, pointer: int) -> bytes:
    """A generic hardware error source (type 9) whose status block is found through `pointer`."""
    head = struct.pack("<HHHBBIII", 9, number, 0xFFFF, 0, 1, 1, 1, 0)
    address = struct.pack("<BBBBQ", 0, 64, 0, 4, pointer)
    notification = struct.pack("<BBHIIIIII", notify, 28, 0, poll_ms, 0, 0, 0, 0, 0)
    return head + address + notification + struct.pack("<I", 4096)


def memory_error(address: int, mask: int, fru: str) -> bytes:
    """A status block with one recoverable multi-bit ECC error at `address`.

    mask  which address bits hold: 0xffffffffffffffc0 for a cache line, 0xfffffffffffff000 for a page
    """
    valid = sum(1 << bit for bit in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15))
    section = struct.pack("<QQQQ", valid, 0x400, address, mask)
    section += struct.pack("<8H", 0, 1, 0, 2, 0, 0x1A2B, 0x3C0, 0)  # node card module bank device row column bit
    section += bytes(24) + struct.pack("<BBHHH", MULTI_BIT_ECC, 0, 1, 0, 0)  # type, extended, rank, two handles
    entry = PLATFORM_MEMORY.bytes_le + struct.pack("<IHBBI", RECOVERABLE, 0x300, 2, 0, len(section))
    entry += bytes(16) + fru.encode().ljust(20, b"\0") + bytes(8) + section
    one_uncorrected = 1 | 1 << 4
    return struct.pack("<IIIII", one_uncorrected, 0, 0, len(entry), RECOVERABLE) + entry


def report(memory: Memory, record: bytes) -> None:
    """Place a record in the polled source's block: the kernel finds it at its next look."""
    memory.write(POLLED_BLOCK, record)
    memory.set_word(POLLED_POINTER, POLLED_BLOCK)
