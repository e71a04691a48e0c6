"""Crash directories and support archives: what is read of them, and what their places tell."""

from __future__ import annotations

import io
import tarfile
from calendar import timegm
from pathlib import Path

from tests.inputs.samples import FAILURE, LOG, find, write
from tests.work import calls
from triage.inputs import CoreFile, Found, LogText, SideFile, Skipped, layouts
from triage.inputs.archives import Member
from triage.inputs.blob import Facts

CORE = b"KDUMP   " + bytes(4096)
CRASHED = timegm((2026, 11, 23, 2, 11, 47))
SEL = b"   1 | 11/23/2026 | 02:11:47 | Memory #0x12 | Uncorrectable ECC | Asserted\n"
DMI = b"# dmidecode 3.5\n\nHandle 0x0040, DMI type 17, 84 bytes\nMemory Device\n"
UNAME = b"#==[ Command ]===#\n# /bin/uname -a\nLinux db7 6.4.0-150600.21-default #1 SMP x86_64\n"
README = (
    b"Kernel crashdump\n\nCrash time       : 2026-11-23 02:11 (+0000)\nKernel version   : 6.4.0-150600.21-default\n"
)
NOISE = b"Filesystem 1K-blocks\n"


def tar(path: Path, files: dict[str, bytes], mode: str = "w:xz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1795400000
            archive.addfile(info, io.BytesIO(data))
    return path


def names(found: list[Found]) -> list[str]:
    return [f.name.split("!")[-1] for f in found if not isinstance(f, Skipped)]


SOS = {
    "sosreport-db7/sos_commands/kernel/dmesg": LOG,
    "sosreport-db7/sos_commands/kernel/dmesg_-T": LOG,
    "sosreport-db7/sos_commands/kernel/uname_-a": b"Linux db7.example 6.12.0-2-amd64 #1 SMP x86_64 GNU/Linux\n",
    "sosreport-db7/sos_commands/host/hostname": b"db7.example\n",
    "sosreport-db7/sos_commands/logs/journalctl_--no-pager": LOG,
    "sosreport-db7/sos_commands/logs/journalctl_--no-pager_--boot": LOG,
    "sosreport-db7/var/log/messages": LOG,
    "sosreport-db7/var/log/messages-20261122": LOG,
    "sosreport-db7/var/log/dnf.log": NOISE,
    "sosreport-db7/sos_commands/filesys/df": NOISE,
    "sosreport-db7/sos_commands/ipmitool/ipmitool_sel_elist": SEL,
    "sosreport-db7/sos_commands/hardware/dmidecode": DMI,
    "sosreport-db7/var/crash/127.0.0.1-2026-11-23-02:11:47/vmcore-dmesg.txt": LOG,
    "sosreport-db7/var/crash/127.0.0.1-2026-11-23-02:11:47/kexec-dmesg.log": LOG,
    "sosreport-db7/var/lib/systemd/pstore/1795399907/dmesg-efi_pstore-179539990701001": b"Panic#1 Part1\n" + LOG,
}


def test_of_a_sosreport_only_what_is_needed_is_read(tmp_path: Path) -> None:
    found = find(tar(tmp_path / "sosreport-db7.tar.xz", SOS))
    assert sorted(name.removeprefix("sosreport-db7/") for name in names(found)) == [
        "sos_commands/hardware/dmidecode",
        "sos_commands/ipmitool/ipmitool_sel_elist",
        "sos_commands/kernel/dmesg",
        "sos_commands/logs/journalctl_--no-pager",
        "var/crash/127.0.0.1-2026-11-23-02:11:47/vmcore-dmesg.txt",
        "var/lib/systemd/pstore/1795399907/dmesg-efi_pstore-179539990701001",
        "var/log/messages",
        "var/log/messages-20261122",
    ]
    assert [f.count for f in found if isinstance(f, Skipped)] == [7]


def test_a_sosreport_keeps_the_ends_of_long_logs_apart(tmp_path: Path) -> None:
    files = {
        "sosreport-db7/sos_commands/kernel/dmesg": LOG,
        "sosreport-db7/sos_strings/logs/journalctl_--no-pager.tailed": LOG,
        "sosreport-db7/sos_strings/networking/ss.tailed": NOISE,
        "sosreport-db7/var/lib/systemd/pstore/1795399907/dmesg.txt": LOG,
    }
    assert sorted(name.rsplit("/", 1)[1] for name in names(find(tar(tmp_path / "a.tar", files, "w")))) == [
        "dmesg",
        "dmesg.txt",
        "journalctl_--no-pager.tailed",
    ]


def test_host_kernel_and_clock_of_a_sosreport_hold_for_all_in_it(tmp_path: Path) -> None:
    for found in find(tar(tmp_path / "a.tar", SOS, "w")):
        if isinstance(found, LogText):
            assert (found.host, found.kernel) == ("db7.example", "6.12.0-2-amd64")
            assert found.wall == (CRASHED if "var/crash" in found.name or "pstore" in found.name else 1795400000)
        if isinstance(found, SideFile):
            assert found.host == "db7.example"
            assert found.kind == ("sel" if "ipmitool" in found.name else "dmi")


def test_an_unpacked_sosreport_is_the_same(tmp_path: Path) -> None:
    packed = find(tar(tmp_path / "a.tar", SOS, "w"))
    unpacked = find(write(tmp_path / "a", SOS))
    assert [f.name.split("!")[1] for f in packed if isinstance(f, LogText)] == [
        f.name.removeprefix(f"{tmp_path}/a/") for f in unpacked if isinstance(f, LogText)
    ]


def test_red_hats_crash_directory(tmp_path: Path) -> None:
    folder = tmp_path / "127.0.0.1-2026-11-23-02:11:47"
    write(folder, {"vmcore": CORE, "vmcore-dmesg.txt": LOG, "kexec-dmesg.log": LOG})
    core, log, skipped = find(folder)
    assert isinstance(core, CoreFile) and core == CoreFile(
        str(folder / "vmcore"), f"{folder}/vmcore", "kdump", None, CRASHED
    )
    assert isinstance(log, LogText) and (log.wall, log.format) == (CRASHED, "kdump")
    assert skipped == Skipped(str(folder), "files of no use", 1)


def test_many_crash_directories_of_many_hosts(tmp_path: Path) -> None:
    for host in ("db7", "db8"):
        write(tmp_path / f"{host}-2026-11-23-02:11", {"vmcore-dmesg.txt": LOG})
    found = [f for f in find(tmp_path) if isinstance(f, LogText)]
    assert [(f.host, f.wall) for f in found] == [("db7", CRASHED - 47), ("db8", CRASHED - 47)]


def test_suses_crash_directory(tmp_path: Path) -> None:
    write(
        tmp_path / "2026-11-23-02-11",
        {"vmcore": b"makedumpfile\0" + bytes(4096), "dmesg.txt": LOG, "README.txt": README},
    )
    log, core = sorted((f for f in find(tmp_path) if not isinstance(f, Skipped)), key=lambda f: f.name)
    assert isinstance(log, LogText) and (log.kernel, log.wall) == ("6.4.0-150600.21-default", CRASHED - 47)
    assert isinstance(core, CoreFile) and (core.format, core.kernel) == ("flattened", "6.4.0-150600.21-default")


def test_debians_crash_directory(tmp_path: Path) -> None:
    write(tmp_path / "202611230211", {"dmesg.202611230211": LOG, "dump.202611230211": CORE})
    write(tmp_path, {"kexec_cmd": b"/sbin/kexec -p\n"})
    log, core, _ = find(tmp_path)
    assert isinstance(log, LogText) and (log.wall, log.format) == (CRASHED - 47, "kdump-tools")
    assert isinstance(core, CoreFile) and core.wall == CRASHED - 47


def test_an_abrt_directory(tmp_path: Path) -> None:
    files = {
        "oops-2026-11-23-02:11:47-1234-0/" + name: text.encode()
        for name, text in {
            "backtrace": f"{FAILURE}\n",
            "kernel": "6.12.0-2-amd64",
            "hostname": "db7.example",
            "time": str(CRASHED),
            "reason": "BUG: x",
            "analyzer": "abrt-oops",
            "proc_modules": "ext4 1 1",
        }.items()
    }
    (log,) = [f for f in find(write(tmp_path, files)) if isinstance(f, LogText)]
    assert log.name.endswith("/backtrace")
    assert (log.host, log.kernel, log.wall, log.format) == ("db7.example", "6.12.0-2-amd64", CRASHED, "abrt")


def test_a_supportconfig(tmp_path: Path) -> None:
    files = {
        "scc_db7_261123/basic-environment.txt": UNAME,
        "scc_db7_261123/boot.txt": LOG,
        "scc_db7_261123/messages.txt": LOG,
        "scc_db7_261123/network.txt": NOISE,
    }
    found = [f for f in find(tar(tmp_path / "scc.txz", files)) if isinstance(f, LogText)]
    assert [(f.name.split("/")[-1], f.host, f.kernel) for f in found] == [
        ("boot.txt", "db7", "6.4.0-150600.21-default"),
        ("messages.txt", "db7", "6.4.0-150600.21-default"),
    ]


def test_other_logs_beside_a_crash_are_read_too(tmp_path: Path) -> None:
    write(tmp_path, {"vmcore-dmesg.txt": LOG, "console.log": LOG})
    assert [f.name.rsplit("/", 1)[1] for f in find(tmp_path)] == ["console.log", "vmcore-dmesg.txt"]


def test_an_inventory_behind_a_log_in_one_file_is_both(tmp_path: Path) -> None:
    log, side = sorted(find(write(tmp_path, {"a": LOG + DMI}) / "a"), key=lambda f: type(f).__name__)
    assert isinstance(log, LogText)
    assert isinstance(side, SideFile) and side.kind == "dmi"


def test_an_event_log_with_a_heading(tmp_path: Path) -> None:
    (side,) = find(write(tmp_path, {"a": b"SEL of db7:\n" + SEL * 3}) / "a")
    assert isinstance(side, SideFile) and side.kind == "sel"


def test_the_same_file_is_not_read_twice_through_a_link_inside(tmp_path: Path) -> None:
    write(tmp_path / "a", {"real.log": LOG})
    write(tmp_path / "b", {"outside.log": LOG})
    (tmp_path / "a" / "link.log").symlink_to("real.log")
    (tmp_path / "a" / "outside.log").symlink_to(tmp_path / "b" / "outside.log")
    (tmp_path / "a" / "dangling").symlink_to("nowhere")
    (tmp_path / "a" / "loop").symlink_to(".")
    assert [f.name.rsplit("/", 1)[1] for f in find(tmp_path / "a")] == ["outside.log", "real.log"]


def test_a_plan_costs_as_much_as_there_are_files() -> None:
    def work(crashes: int) -> int:
        members = [
            Member(f"host{n}/2026-11-23-02-11/{file}", 10, None, lambda: b"", lambda: (b"", []))
            for n in range(crashes)
            for file in ("vmcore-dmesg.txt", "README.txt", "console.log")
        ]
        plans = list[layouts.Plan]()
        count = calls(lambda: plans.append(layouts.plan(members, Facts(), "x")))
        assert len(plans[0].chosen) == 2 * crashes
        return count

    work(10)
    assert work(400) < 4.1 * work(100)


def test_folders_without_end_are_left_out() -> None:
    members = [Member("a/" * n + "vmcore", 10, None, lambda: b"", lambda: (b"", [])) for n in range(2000)]
    assert len(layouts.plan(members, Facts(), "x").chosen) == 65
