"""What the kernel counted, out of real cores whose memory is changed where the guests had nothing to count."""

import struct

import pytest
from drgn import Object, offsetof
from drgn.helpers.linux.percpu import per_cpu

from triage.vmcore import accounting
from triage.vmcore.opening import open_core


@pytest.fixture(params=["6.1-stack-sysrq-elf", "6.12-none-nmi-elf", "7.3-large-kmalloc-sysctl-elf"])
def core(request, core_path):
    return open_core(str(core_path(request.param)), None, ())


def put(core, address, data):
    """Change the memory of an opened core."""
    core.prog.add_memory_segment(address, len(data), lambda _a, count, at, _p: data[at : at + count], False)


def queue(core, first, last, pfns):
    """Make CPU 0's queue hold `pfns` from its place `first` on, up to the count `last`."""
    variable = core.variable("memory_failure_cpu")
    fifo = per_cpu(variable, 0).fifo
    size, length = fifo.buf[0].type_.size, fifo.buf.type_.length
    raw = bytearray(size * length)
    for number, pfn in enumerate(pfns):
        struct.pack_into("<Q", raw, (first + number) % length * size, pfn)
    put(core, fifo.kfifo.address_, struct.pack("<IIII", last, first, length - 1, size))
    put(core, fifo.buf.address_, bytes(raw))


def test_pages_that_nobody_handled(core):
    assert accounting.queued(core) == []
    queue(core, 14, 17, [0x111, 0x222, 0x333])  # it wraps
    assert accounting.queued(core) == [0x111, 0x222, 0x333]
    assert accounting.counters(core)["queued"] == [0x111, 0x222, 0x333]


def test_a_damaged_queue_holds_nothing(core):
    queue(core, 0, 1 << 31, [])
    assert accounting.queued(core) == []


def test_recovered_errors(core):
    data = core.variable("hwerr_data")
    if data is None:
        assert "hwerr" not in accounting.counters(core)
        return
    memory = data[int(core.prog.constant("HWERR_RECOV_MEMORY"))]
    entry = Object(core.prog, memory.type_, address=memory.address_)
    put(core, memory.address_ + offsetof(entry.type_, "timestamp"), struct.pack("<q", 1700000000))
    put(core, memory.address_, struct.pack("<i", 3))
    assert accounting.counters(core)["hwerr"]["memory"] == [3, 1700000000]
