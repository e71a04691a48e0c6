"""What stands before a kernel message on its line, taken off and kept as data.

Most lines begin with the kernel's own stamp or with syslog's clock, host and tag: `STAMPED` or `LOGGED` takes that off
at once. Every other form is a chain of the elements of `ELEMENTS`, outermost first: a container's clock, mail quotes,
syslog's clock, host and tag, the level, then the kernel's stamp.
"""

from __future__ import annotations

import re
from html import unescape as unescape_html
from typing import NamedTuple

ELEMENTS_MAX = 12  # elements before one message; a hostile line may hold more
NOISE_MAX = 400  # characters of foreign text before a stamp on the same line
MICROSECONDS = 1_000_000  # in a second
TIMES = frozenset(("time", "delta", "kmsg"))  # elements that stand last before the message
FOREIGN = frozenset(("program", "service", "other5424"))


class Prefix(NamedTuple):
    """The parts of a line's prefix; absent parts are None."""

    body: str
    time: float | None = None  # printk seconds
    caller: str | None = None  # "T123" or "C0"
    level: int | None = None  # 0 emergency ... 7 debug
    wall: str | None = None  # the wall clock as printed
    host: str | None = None
    boot_id: str | None = None


# Of any language: journalctl and dmesg print them in the user's ("sept.", "июл", "6月").
DAY = r"(?:[^\W\d_]{1,4}\.?)"
MONTH = r"(?:[^\W\d_]{3,7}\.?|\d{1,2}[月월])"
ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?Z| UTC| ?[+-]\d\d:?\d\d| [A-Z]{3,5}(?= ))?"
RFC3164 = rf"(?:{DAY} )?{MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{{1,9}})?(?: \d{{4}}(?= ))?"
HUMAN = rf"{DAY} {MONTH} [ \d]\d \d\d:\d\d:\d\d (?:[A-Z]{{3,5}} )?\d{{4}}"
OTHER_WALL = rf"(?:{DAY} )?{ISO}|\d{{10}}\.\d{{6}}"
FACILITY = r"(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7])"
LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")
# mcelog is whom the kernel hands its machine checks: it tells what the kernel does not print.
TAG = rf"(?:(?:{FACILITY}\.\w{{3,7}} )?kernel|mcelog)(?:\[\d{{1,10}}\])?: ?"
HOST = rf"(?!{FACILITY}\.)" r"(?:[^\s\[<]|<[a-z])\S{0,252}+(?<!:)"  # also "<hostname>" of who made it anonymous
# The kernel's time and the thread or processor that printed; one space behind is the prefix's, more are the message's.
STAMP = r"\[ {0,12}(?P<time>\d{1,12}\.\d{1,9})\](?: ?\[ {0,12}(?P<caller>[TC]\d{1,10})\])? ?"
KMSG = r"(?:\d+\.\d[\w.+-]{1,64},)?\d{1,5},\d{1,20},\d{1,20},[-c+]"  # /dev/kmsg, extended netconsole
# What begins an unstamped message that a paste has indented; lines that the kernel itself indents never begin so.
OPENING = (
    r"\{\d+\}\[Hardware|\[Hardware Error|\[Firmware |BERT: |AEST: |RAS: |Memory failure: |EDAC |mce: |RIP: |"
    r"pc : |lr : |CPU: |PID: |WARNING: |BUG: |INFO: |Call [Tt]race|------------\[|---\[|Kernel panic|Internal error: |"
    r"Unable to handle |Oops: |Code: |Modules linked in:|Hardware name: |general protection fault|"
    r"\w[\w-]{1,20} [0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.\d: "
)
STAMPED = re.compile(rf"(?:<(?P<level>\d{{1,3}})>)?{STAMP}(?:(?P<host>{HOST}) kernel: |<[0-7]>)?")
# What the source of a web page has for these; not `&region->lock`, where a browser reads "&reg".
ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|nbsp|times|#(?:34|39|160|215|x22|x27|x2[fF]));")
# Who printed, as the kernels of phones add it behind the stamp: Samsung, MediaTek, HiSilicon, Qualcomm.
TAGGED = re.compile(
    r" ?\[ ?\d{1,2}: {0,15}[^\[\]]{1,16}: {0,6}\d{1,7}\] ?|[ .~-]?\(\d{1,2}\)\[\d{1,7}:[^\[\]]{1,16}\]"
    r"|\[pid:\d{1,7},cpu\d{1,3},[^\[\]]{1,16}(?:,\d{1,9})?\]|c\d{1,2} {1,6}\d{1,7} "
)
TAGS = frozenset(" [.~-(c")  # what a tag begins with
LOGGED = re.compile(rf"(?:<(?P<level>\d{{1,3}})>)?({RFC3164}|{OTHER_WALL}) ({HOST}) kernel: ?(?:{STAMP})?(?:<[0-7]>)?")
BEHIND_WALL = (
    rf"(?:{TAG}|(?P<host>{HOST}) {TAG}"  # Nov 23 02:11:47 host kern.err kernel: text
    rf"|(?:std(?:out|err) [FP] )?(?=<\d|\[|{KMSG}|{OPENING})"  # a container's clock, then the line
    rf"|(?P<peer>{HOST}) (?=\[ {{0,4}}\d+\.\d|<\d+>|{KMSG}|{OPENING})"  # a receiver of netconsole names the sender
    # rasdaemon hands on the kernel's events; sudo has no number, and its lines hold what somebody searched for.
    r"|(?P<program>\S{1,253}+ (?:(?!rasdaemon\[)[\w./@:()-]{1,64}\[\d{1,10}\]|sudo): )"
    r"|(?(bsd)(?P<service>\S{1,253}+ [\w./@()-]{1,64}: )|(?!)))?"
)
ELEMENTS = re.compile(
    rf"{STAMP}"
    rf"|(?P<wall>(?P<bsd>{RFC3164})|{OTHER_WALL}) (?: (?=kernel:))?{BEHIND_WALL}"  # no host: somebody took it out
    rf"|<(?P<level>\d{{1,3}})>(?:1 (?P<rfc5424>{ISO}) (?P<host5424>{HOST}) (?:kernel|-) \S{{1,128}}+ \S{{1,64}}+ "
    r"(?:-|(?:\[[^\]]{0,512}\]){1,8})(?: \ufeff?)?|(?P<other5424>1 \d))?"
    rf"|\[(?P<human>{HUMAN}|{ISO}|{MONTH}[ \d]\d \d\d:\d\d)\] ?"
    r"|\[ {0,12}(?P<delta>\d{1,10}\.\d{1,9}) <[ \d.+-]{1,24}>\] ?"  # dmesg -d, journalctl -o short-delta
    r"|\[(?:<[ \d.+-]{1,24}>| {1,4}\+\d{1,10}\.\d{1,9})\] ?"  # dmesg --time-format delta, reltime
    rf"|(?P<kmsg>{KMSG})(?P<keys>(?:,[^;\s]{{1,200}})?);"
    rf"|{FACILITY} {{0,7}}:(?P<decoded>{'|'.join(LEVELS)}) {{0,6}}: ?"  # dmesg -x
    r"|[ \t]{0,40}(?:>(?![0-9a-f]{8})|\|(?= )) ?"  # mail; KASAN and KFENCE mark a line of memory as ">ffff8880..."
    rf"|[ \t]{{1,80}}(?=\[ {{0,12}}\d+\.\d|<\d+>\[|kernel:|{OPENING}|{RFC3164}|{ISO})"
    r"| {15,40}(?=\S)"  # vmcore-dmesg: the further lines of a record are indented by the stamp's width
    rf"|{TAG}|\ufeff"
)
# The log begins inside a stamp.
CUT_STAMP = re.compile(r" {0,5}\d{0,6}\.\d{6}\](?: ?\[ {0,8}(?P<caller>[TC]\d{1,10})\])? (?=\S)")
WITHIN = re.compile(r"(?:<\d{1,3}>)?\[ {0,4}\d{1,9}\.\d{6}\]")  # printk's own form: six decimals
INTO = re.compile(r"\[ {0,4}[0-9]{1,9}\.[0-9]{6}\]")
CALLER = re.compile(r"caller=([TC]\d+)")
ANSI = re.compile(r"\x1b(?:\[[0-9;?]{0,20}[ -/]?[@-~]|\][^\x07\x1b]{0,80}(?:\x07|\x1b\\)|[()][0AB]|[@-Z\\-_=>78])?")
SOH = re.compile(r"\x01[0-7cd]")  # KERN_SOH and the level, printed raw
CONTROLS: dict[int, str | None] = {**dict.fromkeys([*range(9), *range(11, 32), 127]), 0xA0: " "}
RSYSLOG = re.compile(r"#(0[0-3][0-7]|177)")
LEVEL_INSIDE = re.compile(r"<[0-7]>")
TAB = re.compile(r"\\x09")  # makedumpfile escapes everything that is not printable, but only a tab is text
HEX = re.compile(r"(?:\\x[0-9a-f]{2}){1,400}")


def split(line: str) -> Prefix:
    """Prefix and body of one line; spaces behind the prefix's own one belong to the body.

    `[   70.471011][    T1] Memory failure: 0x1: ...` has body `Memory failure: 0x1: ...`, time 70.471011, caller `T1`.
    """
    if not line.isprintable() or line[-2:] == "^M":
        line = clean(line)
    return printable(line)


def printable(line: str) -> Prefix:
    """The same of a line that holds no control character."""
    if "&" in line or "×" in line:  # a web page's source; a blog's typesetting of 0x
        line = ENTITY.sub(lambda found: unescape_html(found[0]), line).replace("0×", "0x")
    if match := STAMPED.match(line):
        level, time, caller, host = match.groups()
        body = untagged(line[match.end() :])
        if "\\" in body:
            body = unescape(body, TAB)
        return Prefix(body, float(time), caller, int(level) & 7 if level else None, None, host)
    if match := LOGGED.match(line):
        level, wall, host, time, caller = match.groups()
        body = unescape(line[match.end() :], TAB, syslog=True)
        return Prefix(body, float(time) if time else None, caller, int(level) & 7 if level else None, wall, host)
    return chain(line)


def restart(line: str) -> int | None:
    """Where a second stamped message begins on the same line, another processor having printed into it; else None.

    `[  331.027868] device crashed[  331.041781] ------------[ cut here ]------------` restarts at the second stamp.
    What a program quotes (`[   12.000001] collector[7]: [    9.000001] text`) is its own text.
    """
    first = INTO.search(line)
    second = INTO.search(line, first.end()) if first else None
    return second.start() if second and not line.endswith("]: ", 0, second.start()) else None


def clean(line: str) -> str:
    """The line as a terminal shows it: no colours, no NULs, and of what carriage returns overwrote only the last."""
    line = line.rstrip("\r").removesuffix("^M")
    if "\r" in line:
        head, _, tail = line.rpartition("\r")
        line = tail if STAMPED.match(tail) or not head.strip() else head + tail
    if "\x1b" in line:
        line = ANSI.sub("", line)
    return SOH.sub("", line).translate(CONTROLS)


def chain(line: str) -> Prefix:
    """The prefix of a line that does not simply begin with the kernel's stamp."""
    known: dict[str, str] = {}
    at = 0
    for _ in range(ELEMENTS_MAX):
        match = ELEMENTS.match(line, at)
        if match is None or match.end() == at:
            break
        found = {name: text for name, text in match.groupdict().items() if text is not None}
        known |= found
        at = match.end()
        if (
            FOREIGN & found.keys()
        ):  # a program's message: whatever of the kernel it quotes, the kernel did not say it here
            return assemble("", known)
        if TIMES & found.keys():
            break
    if not TIMES & known.keys():
        at = late_stamp(line, at, known)
    if at == 0 and "\\" not in line:  # pasted without any prefix
        return Prefix(line)
    return assemble(line[at:], known)


def late_stamp(line: str, at: int, known: dict[str, str]) -> int:
    """Where the message begins if its stamp is cut or stands behind foreign text: `host login: [   12.345678] text`."""
    match = CUT_STAMP.match(line, at)
    if match is None and "[" in line:
        found = WITHIN.search(line, at, at + NOISE_MAX)
        match = STAMPED.match(line, found.start()) if found else None
    if match is None:
        return at
    known |= {name: text for name, text in match.groupdict().items() if text}
    return match.end()


def untagged(body: str) -> str:
    """The message without the tag of who printed it."""
    if body[:1] in TAGS and (tag := TAGGED.match(body)):
        return body[tag.end() :]
    return body


def assemble(body: str, known: dict[str, str]) -> Prefix:
    """The prefix out of the elements that were found; of two of one sort the inner one counts."""
    host = known.get("host") or known.get("host5424") or known.get("peer")
    wall = known.get("wall") or known.get("rfc5424") or known.get("human")
    stamp, caller, level = known.get("time") or known.get("delta"), known.get("caller"), None
    time = float(stamp) if stamp else None
    if "level" in known:
        level = int(known["level"]) & 7
    elif "decoded" in known:
        level = LEVELS.index(known["decoded"])
    if "kmsg" in known:
        priority, _, microseconds, _ = known["kmsg"].split(",")[-4:]
        level, time = int(priority) & 7, int(microseconds) / MICROSECONDS
        caller = found[1] if (found := CALLER.search(known["keys"])) else None
        body = unescape(body, HEX)
    if LEVEL_INSIDE.match(body):
        body = body[3:]
    if "time" in known:
        body = untagged(body)
    return Prefix(unescape(body, TAB, syslog=wall is not None), time, caller, level, wall, host)


def unescape(body: str, escapes: re.Pattern[str], syslog: bool = False) -> str:
    """The message with the bytes that a dumper (`\\x09`) or rsyslog (`#011`: tabs only, others are dropped) escaped."""
    if "\\x" in body:
        body = escapes.sub(lambda m: bytes.fromhex(m[0].replace("\\x", "")).decode("utf-8", "replace"), body)
    if syslog and "#" in body:
        body = RSYSLOG.sub(lambda m: "\t" if m[1] == "011" else "", body)
    return body
