"""What the process that reads a core gives up before it opens the core: C code on hostile input needs little.

no_new_privs, a death signal     prctl(2); it ends with the process that waits for its answer
no network, no other programs    seccomp(2) filter: those system calls answer EPERM
no file written but one          landlock(7), Linux 5.13 and later
bounded resources                setrlimit(2)

Its session is its own already, as its parent starts it so. Each of these is asked of the kernel directly; where one is
refused (old kernel, container) the others still hold, and `enter` tells which do. Costs well below a millisecond; works
for root and for users alike.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_FILTER, _ALLOW, _EPERM = 2, 0x7FFF0000, 0x00050000 | 1
_LOAD, _EQUAL, _ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF: ld [k], jeq, jge, ret
_X32 = 0x40000000
# AUDIT_ARCH_*, then socket socketpair io_uring_setup / execve execveat / ptrace process_vm_writev bpf init_module
# finit_module kexec_load mount unshare setns (asm/unistd.h)
_CALLS = {
    "x86_64": (0xC000003E, (41, 53, 425), (59, 322), (101, 311, 321, 175, 313, 246, 165, 272, 308)),
    "aarch64": (0xC00000B7, (198, 199, 425), (221, 281), (117, 271, 280, 105, 273, 104, 40, 97, 268)),
}
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # on every architecture
_WRITE, _TRUNCATE = 1 << 1, 1 << 14
# WRITE_FILE, REMOVE_DIR ... MAKE_SYM; REFER since version 2, TRUNCATE since 3 of Landlock
_WRITES = _WRITE | sum(1 << bit for bit in range(4, 13))
_FILES = 1024
_LARGEST = 4 << 30  # bytes of a minicore


def enter(memory: int, seconds: int, output: str | None = None) -> tuple[str, ...]:
    """Give up what is not needed; `output` is the only file, already there, that may still be written.

    `memory` in bytes, `seconds` of processor time. Returns what the process can no longer do.
    """
    _limit(memory, seconds, _LARGEST if output else 0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return ()
    given_up = ["gain privileges"]
    given_up += ["write files"] if _read_only(libc, output) else []
    given_up += ["use the network", "start programs"] if _filter(libc) else []
    return tuple(given_up)


def _limit(memory: int, seconds: int, file_size: int) -> None:
    """RLIMIT_DATA counts what the process allocates; RLIMIT_AS would count the mapped core. No core of our own."""
    limits = {
        resource.RLIMIT_DATA: (memory, memory),
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (file_size, file_size),
        resource.RLIMIT_NOFILE: (_FILES, _FILES),
    }
    for which, (soft, hard) in limits.items():
        _, most = resource.getrlimit(which)
        bound = hard if most == resource.RLIM_INFINITY else min(hard, most)
        resource.setrlimit(which, (min(soft, bound), bound))


def _filter(libc: ctypes.CDLL) -> bool:
    """Refuse the system calls of _CALLS, and all of any other architecture."""
    if os.uname().machine not in _CALLS:
        return False
    arch, *groups = _CALLS[os.uname().machine]
    calls = [number for group in groups for number in group]
    rows = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _EPERM), (_LOAD, 0, 0, 0)]
    rows += [(_ABOVE, len(calls) + 1, 0, _X32)]
    rows += [(_EQUAL, len(calls) - at, 0, number) for at, number in enumerate(calls)]
    rows += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *row) for row in rows))
    program = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(rows), ctypes.addressof(code)))
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, program, 0, 0) == 0)


def _read_only(libc: ctypes.CDLL, output: str | None) -> bool:
    """Let the kernel refuse every change of a file system but to one file."""
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        return False
    handled = _WRITES | (1 << 13 if version >= 2 else 0) | (_TRUNCATE if version >= 3 else 0)
    rules = libc.syscall(_CREATE_RULESET, struct.pack("<Q", handled), ctypes.c_size_t(8), 0)
    if rules < 0:
        return False
    try:
        if output is not None:
            _allow(libc, rules, output, handled & (_WRITE | _TRUNCATE))
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: str, access: int) -> None:
    """One file may be written: struct landlock_path_beneath_attr { u64 allowed_access; s32 parent_fd; } packed."""
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        libc.syscall(_ADD_RULE, rules, 1, struct.pack("<Qi", access, handle), 0)
    finally:
        os.close(handle)
