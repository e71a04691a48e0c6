"""The pages and addresses that a kernel log names."""

from triage.vmcore.kernellog import parse

LOG = """\
[    7.204518][   T57] {3}[Hardware Error]:    physical_address: 0x00000000403ab4c0
[    7.204801][   T57] Memory failure: 0x403ab: unhandlable page.
[    7.204950][   T57] Memory failure: 0x403ab: recovery action for get hwpoison page: Ignored
[    8.000100][  T311] Injecting memory failure at pfn 0x77001
[    8.000200][  T311] Memory failure: 0x77001: recovery action for dirty LRU page: Recovered
[    9.000000][    C0] mce: [Hardware Error]: TSC 0 ADDR 14e7300 MISC 8c
[    9.100000][    C0] EDAC MC0: 1 UE memory read error on Chan#1_DIMM#0 (channel:1 slot:0 page:0x9f0 offset:0x40)
[    9.200000][    C1] Kernel panic - not syncing: Memory failure on page 5f
[    9.300000][    C1] EDAC MC0: 1 CE memory read error on X (channel:1 slot:0 page:0x111 offset:0x40)
"""


def test_pages_addresses_and_labels():
    log = parse(LOG)
    assert log.pfns == [0x403AB, 0x77001, 0x5F, 0x9F0]
    assert log.addresses == [0x403AB4C0, 0x14E7300]
    assert log.labels == {0x403AB: "get hwpoison page", 0x77001: "dirty LRU page"}


def test_an_empty_log_names_nothing():
    log = parse("")
    assert (log.pfns, log.addresses, log.labels) == ([], [], {})
