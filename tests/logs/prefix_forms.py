"""The forms of prefix that are read: who writes them, how they look, what is known from them."""

from __future__ import annotations

from typing import NamedTuple

ISO = "2026-11-23T02:11:47.123456+00:00"


class Form(NamedTuple):
    """One form of prefix."""

    writer: str
    text: str  # what stands before the message
    known: dict[str, object]  # fields of Prefix


FORMS = [
    Form("nothing: pasted text, printk.time=0", "", {}),
    Form("console, dmesg, vmcore-dmesg", "[   70.471011] ", {"time": 70.471011}),
    Form("console with CONFIG_PRINTK_CALLER", "[   70.471011][    T1] ", {"time": 70.471011, "caller": "T1"}),
    Form("console with CONFIG_PRINTK_CALLER", "[   70.471011][T12345] ", {"time": 70.471011, "caller": "T12345"}),
    Form("makedumpfile --dump-dmesg", "[   70.471011] [     C0] ", {"time": 70.471011, "caller": "C0"}),
    Form("syslog(2), pstore, dmesg -r, crash log -m", "<4>[   70.471011] ", {"time": 70.471011, "level": 4}),
    Form("dmesg -r of another facility", "<12>[   70.471011] ", {"time": 70.471011, "level": 4}),
    Form("a level left inside by an old kernel", "[   70.471011] <4>", {"time": 70.471011}),
    Form("dmesg -d, journalctl -o short-delta", "[   70.471011 <    0.000123>] ", {"time": 70.471011}),
    Form("dmesg --time-format delta", "[<    0.000123>] ", {}),
    Form("dmesg -H, later lines", "[  +0.000123] ", {}),
    Form("dmesg -H", "[Nov23 02:11] ", {"wall": "Nov23 02:11"}),
    Form("dmesg -T", "[Mon Nov 23 02:11:47 2026] ", {"wall": "Mon Nov 23 02:11:47 2026"}),
    Form("drgn, crash log -T", "[Mon Nov 23 02:11:47 UTC 2026] ", {"wall": "Mon Nov 23 02:11:47 UTC 2026"}),
    Form("dmesg -x", "kern  :err   : [   70.471011] ", {"time": 70.471011, "level": 3}),
    Form("dmesg -x -T", "kern  :warn  : [Mon Nov 23 02:11:47 2026] ", {"level": 4, "wall": "Mon Nov 23 02:11:47 2026"}),
    Form("/dev/kmsg, extended console", "6,123,70471011,-;", {"time": 70.471011, "level": 6}),
    Form("/dev/kmsg with caller", "4,123,70471011,c,caller=T77;", {"time": 70.471011, "level": 4, "caller": "T77"}),
    Form(
        "extended netconsole with release",
        "6.12.0-2-amd64,4,123,70471011,-,caller=C3;",
        {"time": 70.471011, "level": 4, "caller": "C3"},
    ),
    Form("journalctl, syslog files", "Nov 23 02:11:47 db7 kernel: ", {"wall": "Nov 23 02:11:47", "host": "db7"}),
    Form("kernels of Samsung", "<4>[   70.471011]  [1:    kworker/1:2: 1234] ", {"time": 70.471011, "level": 4}),
    Form("kernels of MediaTek", "<4>[   70.471011]-(1)[1234:kworker/1:2]", {"time": 70.471011, "level": 4}),
    Form("kernels of HiSilicon", "[   70.471011] [pid:1234,cpu1,kworker/1:2]", {"time": 70.471011}),
    Form("kernels of Qualcomm, up to 3.18", "<6>[   70.471011] c1   1234 ", {"time": 70.471011, "level": 6}),
    Form("journalctl in French", "sept. 23 02:11:47 db7 kernel: ", {"wall": "sept. 23 02:11:47", "host": "db7"}),
    Form("journalctl in Russian", "нояб 23 02:11:47 db7 kernel: ", {"wall": "нояб 23 02:11:47", "host": "db7"}),
    Form("journalctl in Japanese", "11月 23 02:11:47 db7 kernel: ", {"wall": "11月 23 02:11:47", "host": "db7"}),
    Form("journalctl in Finnish", "marras 23 02:11:47 db7 kernel: ", {"wall": "marras 23 02:11:47", "host": "db7"}),
    Form("dmesg -T in German", "[Mo Mär  3 02:11:47 2026] ", {"wall": "Mo Mär  3 02:11:47 2026"}),
    Form("dmesg -T in French", "[lun. nov. 23 02:11:47 2026] ", {"wall": "lun. nov. 23 02:11:47 2026"}),
    Form("a pager's line numbers", "  11746 [46223316.652645] ", {"time": 46223316.652645}),
    Form(
        "syslog files without the name",
        "Nov 23 02:11:47 <host> kernel: ",
        {"wall": "Nov 23 02:11:47", "host": "<host>"},
    ),
    Form(
        "syslog files (RFC 3164)",
        "Nov 23 02:11:47 db7 kernel: [   70.471011] ",
        {"wall": "Nov 23 02:11:47", "host": "db7", "time": 70.471011},
    ),
    Form(
        "syslog on the wire (RFC 3164)",
        "<4>Nov  3 02:11:47 db7 kernel: [   70.471011] ",
        {"wall": "Nov  3 02:11:47", "host": "db7", "time": 70.471011, "level": 4},
    ),
    Form(
        "journalctl -o short-precise",
        "Nov 23 02:11:47.123456 db7 kernel: ",
        {"wall": "Nov 23 02:11:47.123456", "host": "db7"},
    ),
    Form(
        "BusyBox syslogd",
        "Nov 23 02:11:47 db7 kern.err kernel: [   70.471011] ",
        {"wall": "Nov 23 02:11:47", "host": "db7", "time": 70.471011},
    ),
    Form(
        "OpenWrt logread",
        "Mon Nov 23 02:11:47 2026 kern.err kernel: [   70.471011] ",
        {"wall": "Mon Nov 23 02:11:47 2026", "time": 70.471011},
    ),
    Form(
        "journalctl -o short-iso",
        "2026-11-23T02:11:47+0000 db7 kernel: ",
        {"wall": "2026-11-23T02:11:47+0000", "host": "db7"},
    ),
    Form(
        "rsyslog with high precision",
        "2026-11-23T02:11:47.123456+00:00 db7 kernel: [   70.471011][   T12] ",
        {"wall": "2026-11-23T02:11:47.123456+00:00", "host": "db7", "time": 70.471011, "caller": "T12"},
    ),
    Form(
        "journalctl -o short-full, with-unit",
        "Mon 2026-11-23 02:11:47 UTC db7 kernel: ",
        {"wall": "Mon 2026-11-23 02:11:47 UTC", "host": "db7"},
    ),
    Form("journalctl -o short-monotonic", "[   70.471011] db7 kernel: ", {"time": 70.471011, "host": "db7"}),
    Form("journalctl -o short-unix", "1795399907.123456 db7 kernel: ", {"wall": "1795399907.123456", "host": "db7"}),
    Form(
        "syslog on the wire (RFC 5424)",
        "<4>1 2026-11-23T02:11:47.123456+00:00 db7 kernel - - - ",
        {"wall": "2026-11-23T02:11:47.123456+00:00", "host": "db7", "level": 4},
    ),
    Form(
        "syslog on the wire (RFC 5424)",
        "<4>1 2026-11-23T02:11:47.123456+00:00 db7 kernel - - - [   70.471011] ",
        {"wall": "2026-11-23T02:11:47.123456+00:00", "host": "db7", "level": 4, "time": 70.471011},
    ),
    Form(
        "RFC 5424 with structured data",
        '<4>1 2026-11-23T02:11:47.123456+00:00 db7 kernel - - [meta sequenceId="1"] ',
        {"wall": "2026-11-23T02:11:47.123456+00:00", "host": "db7", "level": 4},
    ),
    Form(
        "a receiver of netconsole",
        "Nov 23 02:11:47 10.0.0.5 [   70.471011] ",
        {"wall": "Nov 23 02:11:47", "host": "10.0.0.5", "time": 70.471011},
    ),
    Form(
        "a receiver of extended netconsole",
        "Nov 23 02:11:47 10.0.0.5 6,1,70471011,-;",
        {"wall": "Nov 23 02:11:47", "host": "10.0.0.5", "time": 70.471011, "level": 6},
    ),
    Form(
        "Kubernetes (CRI)",
        "2026-11-23T02:11:47.123456789Z stdout F [   70.471011] ",
        {"wall": "2026-11-23T02:11:47.123456789Z", "time": 70.471011},
    ),
    Form(
        "docker logs -t",
        "2026-11-23T02:11:47.123456789Z [   70.471011] ",
        {"wall": "2026-11-23T02:11:47.123456789Z", "time": 70.471011},
    ),
    Form(
        "console servers, build logs",
        "[2026-11-23T02:11:47.123Z] [   70.471011] ",
        {"wall": "2026-11-23T02:11:47.123Z", "time": 70.471011},
    ),
    Form("any text before the stamp on a console", "console [ttyS0] [   70.471011] ", {"time": 70.471011}),
    Form("a login prompt", "db7 login: [   70.471011][    T1] ", {"time": 70.471011, "caller": "T1"}),
    Form("docker compose", "web-1  | [   70.471011] ", {"time": 70.471011}),
    Form(
        "the kernel's note of lost messages", "** 2395 printk messages dropped ** [   70.471011] ", {"time": 70.471011}
    ),
    Form("mail, quoted", "> [   70.471011] ", {"time": 70.471011}),
    Form("mail, quoted twice", "> > [   70.471011] [ T12] ", {"time": 70.471011, "caller": "T12"}),
    Form("mail, quoted twice", ">> <4>[   70.471011] ", {"time": 70.471011, "level": 4}),
    Form("mail, quoted otherwise", "| [   70.471011] ", {"time": 70.471011}),
    Form("pasted with indent", "    [   70.471011] ", {"time": 70.471011}),
    Form("pasted with a tab", "\t[   70.471011] ", {"time": 70.471011}),
    Form(
        "mail that quotes a syslog file", "> Nov 23 02:11:47 db7 kernel: ", {"wall": "Nov 23 02:11:47", "host": "db7"}
    ),
    Form("colours of a terminal", "\x1b[0;31m[   70.471011] ", {"time": 70.471011}),
    Form("colours of dmesg", "\x1b[32m[   70.471011] \x1b[0m", {"time": 70.471011}),
    Form("serial consoles", "\r[   70.471011] ", {"time": 70.471011}),
    Form("a line that was overwritten", "half a line\r[   70.471011] ", {"time": 70.471011}),
    Form("NULs of a file that was not written to its end", "\x00\x00\x00[   70.471011] ", {"time": 70.471011}),
    Form("a byte order mark", "\ufeff[   70.471011] ", {"time": 70.471011}),
    Form("a stamp whose start is cut", "70.471011] ", {}),
    Form("journalctl pasted without its clock", "kernel: ", {}),
]
