"""Effective addresses of instructions, against addresses worked out by hand."""

import struct

import pytest

from triage.instructions import accesses, in_words

ARM = {f"x{n}": 0xFFFF000000000000 + 0x1000 * n for n in range(31)} | {"sp": 0xFFFF800000000F00}
X86_NAMES = "rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15"
X86 = {name: 0xFFFF888000000000 + (at << 12) for at, name in enumerate(X86_NAMES.split(), 1)}
X86["gs_base"] = 0xFFFF88803E000000


@pytest.mark.parametrize(
    ("word", "via", "address"),
    [
        (0xB9401A60, "x19+0x18", ARM["x19"] + 0x18),  # ldr w0, [x19, #0x18]
        (0xF8410420, "x1", ARM["x1"]),  # ldr x0, [x1], #0x10: post-index
        (0xF8410C20, "x1+0x10", ARM["x1"] + 0x10),  # ldr x0, [x1, #0x10]!: pre-index
        (0xF85F0C20, "x1-0x10", ARM["x1"] - 0x10),  # ldr x0, [x1, #-0x10]!
        (0xA9C17BFD, "sp+0x10", ARM["sp"] + 0x10),  # ldp x29, x30, [sp, #0x10]!: a pair
        (0xA8C17BFD, "sp", ARM["sp"]),  # ldp x29, x30, [sp], #0x10
        (0xA9410C22, "x1+0x10", ARM["x1"] + 0x10),  # ldp x2, x3, [x1, #0x10]
        (0x885FFC20, "x1", ARM["x1"]),  # ldaxr w0, [x1]: exclusive
        (0xB8E00020, "x1", ARM["x1"]),  # ldaddal w0, w0, [x1]: atomic
        (0x3DC00020, "x1", ARM["x1"]),  # ldr q0, [x1]: vector register
        (0xD50B7425, "x5", ARM["x5"]),  # dc zva, x5
        (0x58000040, "pc-relative", 0x4008),  # ldr x0, 0x4008
    ],
)
def test_arm64(word, via, address):
    found = accesses("arm64", struct.pack("<I", word), 0x4000, ARM)
    assert [(access.via, access.address) for access in found] == [(via, address)]


def test_arm64_index_is_shifted_and_sign_extended():
    registers = {"x1": 0xFFFF000000001000, "x2": 0xFFFFFFFF}
    (shifted,) = accesses("arm64", struct.pack("<I", 0xF8627820), 0, registers)  # ldr x0, [x1, x2, lsl #3]
    assert (shifted.via, shifted.address) == ("x1+x2<<3", 0xFFFF000000001000 + (0xFFFFFFFF << 3))
    (signed,) = accesses("arm64", struct.pack("<I", 0xF862D820), 0, registers)  # ldr x0, [x1, w2, sxtw #3]
    assert (signed.via, signed.address) == ("x1+w2<<3", 0xFFFF000000001000 - 8)


@pytest.mark.parametrize("word", [0xF9800020, 0x8B020020, 0xD503201F])  # prfm, add, nop
def test_arm64_without_access(word):
    assert accesses("arm64", struct.pack("<I", word), 0, ARM) == []


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("488b4310", [("rbx+0x10", X86["rbx"] + 0x10)]),  # mov rax, [rbx+0x10]
        ("488b44d8f8", [("rax+rbx*8-0x8", (X86["rax"] + 8 * X86["rbx"] - 8) & (1 << 64) - 1)]),
        ("8b0510000000", [("rip+0x10", 0x4016)]),  # mov eax, [rip+0x10]
        ("65488b0425c0e50100", [("gs:0x1e5c0", X86["gs_base"] + 0x1E5C0)]),  # a per-CPU variable
        ("f3a4", [("rdi", X86["rdi"]), ("rsi", X86["rsi"])]),  # rep movsb: the element it had come to
        ("f348ab", [("rdi", X86["rdi"])]),  # rep stosq
        ("f0480fb111", [("rcx", X86["rcx"])]),  # lock cmpxchg
        ("50", [("rsp-0x8", X86["rsp"] - 8)]),  # push rax
        ("c3", [("rsp", X86["rsp"])]),  # ret
        ("ff5008", [("rax+0x8", X86["rax"] + 8), ("rsp-0x8", X86["rsp"] - 8)]),  # call [rax+8]
        ("678b00", [("eax", X86["rax"] & 0xFFFFFFFF)]),  # mov eax, [eax]
        ("488d4310", []),  # lea touches nothing
        ("0f1f440000", []),  # nor does a long nop
        ("0f1808", []),  # nor a prefetch
        ("c4e2fd91040a", []),  # gather: the index is a vector
        ("f3480fb8c3", []),  # popcnt is no pop
    ],
)
def test_x86(code, wanted):
    found = accesses("x86_64", bytes.fromhex(code), 0x4000, X86)
    assert [(access.via, access.address) for access in found] == wanted


def test_unknown_registers_and_code_give_nothing():
    assert accesses("x86_64", bytes.fromhex("488b4310"), 0, {}) == []
    assert accesses("x86_64", b"", 0, X86) == []
    assert accesses("arm64", b"\0\0\0\0", 0, ARM) == []
    assert accesses("riscv64", b"\x03\x35\x01\x00", 0, {}) == []


@pytest.mark.parametrize(
    ("arch", "code", "words"),
    [
        ("arm64", "52800039 14000003 f9400273 b4000213 (b9401a63)", "ldr w3, [x19, #0x18]"),
        ("x86_64", "48 89 e5 41 57 <48> 8b 43 10 5d c3", "mov rax, qword ptr [rbx + 0x10]"),
        ("arm64", "d53bd056 (????????)", None),
        ("x86_64", "Unable to access opcode bytes at 0xffffffffc0000000.", None),
        ("ppc64", "60000000 <e92d0000>", None),
        (None, None, None),
    ],
)
def test_the_marked_instruction_of_a_code_line(arch, code, words):
    assert in_words(arch, code) == words
