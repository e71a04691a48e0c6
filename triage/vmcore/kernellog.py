"""The kernel log out of a core, and the pages and addresses that it names.

Lockless ring buffer (Linux 5.10+, kernel/printk/printk_ringbuffer.h), read in four pieces with the offsets that
VMCOREINFO gives, so that it needs neither types nor symbols. Each record becomes one line per line of its text:

    [   61.204518][   T57] Memory failure: 0x3a8: recovery action for get hwpoison page: Ignored
"""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from drgn.helpers.linux.printk import get_printk_records

from triage.vmcore.core import Core, KernelLog

_MAX_TEXT = 64 << 20
_COMMITTED, _FINALIZED = 1, 2  # enum desc_state
_MEMORY_FAILURE = re.compile(r"Memory failure: 0x([0-9a-f]{1,16})\b(?:: recovery action for ([^:\n]{1,60}))?")
_PANIC_PAGE = re.compile(r"Memory failure on page ([0-9a-f]{1,16})\b")
_INJECTING = re.compile(r"Injecting memory failure (?:at|for) pfn 0x([0-9a-f]{1,16})\b")
_EDAC = re.compile(r"EDAC MC\d{1,3}: \d{1,6} UE [^\n]{0,200}?\bpage:0x([0-9a-f]{1,16})\b")
_PHYSICAL = re.compile(r"\bphysical_address: ?0x([0-9a-f]{1,16})\b", re.IGNORECASE)
_MCE_ADDR = re.compile(r"\[Hardware Error\]:? [^\n]{0,80}?\bADDR ([0-9a-f]{1,16})\b")


class Record(NamedTuple):
    """One printk record; `caller` is bit 31 set: a CPU, else a thread id."""

    nanoseconds: int
    caller: int | None
    text: bytes


def read_log(core: Core) -> KernelLog:
    """The log of the core with the PFNs and physical addresses it names, each in order and once."""
    if "SYMBOL(prb)" in core.info:
        records = _lockless(core)
    elif core.typed:
        records = _structured(core)
    else:
        raise ValueError("VMCOREINFO does not say where it lies (Linux 5.10), and without types it cannot be found")
    return parse("\n".join(_lines(records)))


def parse(text: str) -> KernelLog:
    """The pages and addresses that a log text names."""
    labels = {int(m[1], 16): m[2] for m in _MEMORY_FAILURE.finditer(text) if m[2]}
    pfns = [int(m[1], 16) for rule in (_MEMORY_FAILURE, _PANIC_PAGE, _INJECTING, _EDAC) for m in rule.finditer(text)]
    addresses = [int(m[1], 16) for rule in (_PHYSICAL, _MCE_ADDR) for m in rule.finditer(text)]
    return KernelLog(text, list(dict.fromkeys(pfns)), list(dict.fromkeys(a for a in addresses if a)), labels)


def _lines(records: list[Record]) -> list[str]:
    lines = []
    for record in records:
        seconds, rest = divmod(record.nanoseconds, 1_000_000_000)
        prefix = f"[{seconds:5d}.{rest // 1000:06d}]"
        if record.caller is not None:
            kind = "C" if record.caller & 0x80000000 else "T"
            prefix += f"[{kind + str(record.caller & 0x7FFFFFFF):>6}]"
        lines += [f"{prefix} {line}" for line in record.text.decode("utf-8", "replace").split("\n")]
    return lines


def _structured(core: Core) -> list[Record]:
    """The log of kernels before 5.10, where types are needed."""
    return [
        Record(r.timestamp, r.caller_tid if r.caller_cpu is None else r.caller_cpu | 0x80000000, r.text)
        for r in get_printk_records(core.prog)
    ]


def _lockless(core: Core) -> list[Record]:
    ring = _Ring(core)
    records = []
    for number in range(ring.tail, ring.tail + min(ring.head - ring.tail & ring.id_mask, ring.count) + 1):
        record = ring.record(number & ring.id_mask)
        if record is not None:
            records.append(record)
    return records


class _Ring:
    """struct printk_ringbuffer with its three arrays read at once."""

    def __init__(self, core: Core) -> None:
        def offset(name: str) -> int:
            return int(core.info[f"OFFSET({name})"])

        def size(name: str) -> int:
            return int(core.info[f"SIZE({name})"])

        read, word = core.prog.read, core.prog.read_u64
        base = word(int(core.info["SYMBOL(prb)"], 16))
        descs, texts = base + offset("printk_ringbuffer.desc_ring"), base + offset("printk_ringbuffer.text_data_ring")
        counter = offset("atomic_long_t.counter")
        bits = core.prog.read_u32(descs + offset("prb_desc_ring.count_bits"))
        text_bits = core.prog.read_u32(texts + offset("prb_data_ring.size_bits"))
        if not (0 < bits <= 24 and 0 < text_bits <= _MAX_TEXT.bit_length()):
            raise ValueError("the log buffer's sizes are damaged")
        self.count, self.text_mask = 1 << bits, (1 << text_bits) - 1
        self.id_mask = (1 << 62) - 1
        self.head = word(descs + offset("prb_desc_ring.head_id") + counter) & self.id_mask
        self.tail = word(descs + offset("prb_desc_ring.tail_id") + counter) & self.id_mask
        self.desc_size, self.info_size = size("prb_desc"), size("printk_info")
        self.descs = read(word(descs + offset("prb_desc_ring.descs")), self.count * self.desc_size)
        self.infos = read(word(descs + offset("prb_desc_ring.infos")), self.count * self.info_size)
        self.text = read(word(texts + offset("prb_data_ring.data")), self.text_mask + 1)
        self.state = offset("prb_desc.state_var") + counter
        self.begin = offset("prb_desc.text_blk_lpos") + offset("prb_data_blk_lpos.begin")
        self.next = offset("prb_desc.text_blk_lpos") + offset("prb_data_blk_lpos.next")
        self.time, self.length = offset("printk_info.ts_nsec"), offset("printk_info.text_len")
        self.caller = offset("printk_info.caller_id")

    def record(self, number: int) -> Record | None:
        """One record, None if it was never committed or holds no text."""
        at = (number & self.count - 1) * self.desc_size
        state, begin, following = (
            struct.unpack_from("<Q", self.descs, at + field)[0] for field in (self.state, self.begin, self.next)
        )
        if state & self.id_mask != number or state >> 62 not in (_COMMITTED, _FINALIZED) or begin & 1:
            return None  # bit 0: a record without data (BLK_DATALESS)
        start, end = begin & self.text_mask, following & self.text_mask
        if start > end:  # a block never wraps: it then lies at the start of the buffer
            start = 0
        info = (number & self.count - 1) * self.info_size
        (time,) = struct.unpack_from("<Q", self.infos, info + self.time)
        (length,) = struct.unpack_from("<H", self.infos, info + self.length)
        (caller,) = struct.unpack_from("<I", self.infos, info + self.caller)
        return Record(time, caller, self.text[start + 8 : min(start + 8 + length, end)])
