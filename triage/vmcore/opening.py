"""Opening a core: the file, then the types, from debug info that fits or from the core itself.

The core alone is enough: BTF between `__start_BTF` and `__stop_BTF`, kallsyms found through VMCOREINFO (Linux 6.0+)
and the kernel's own ORC tables for unwinding on x86-64.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from drgn import Program

from triage.errors import CoreError
from triage.vmcore import detect, orc
from triage.vmcore.btf import Btf, reduced
from triage.vmcore.core import DAMAGE, Core, reason
from triage.vmcore.kallsyms import Kallsyms, locate
from triage.vmcore.recorder import Recorder
from triage.vmcore.symbols import ModuleSymbols
from triage.vmcore.typefinder import TypeFinder

_SYSTEM_DIRS = ("/usr/lib/debug", "/lib/debug")
_MAX_BTF = 64 << 20
_ARCHITECTURES = ("x86_64", "arm64")


def open_core(path: str, vmlinux: str | None, debug_dirs: Sequence[str], *, record: bool = False) -> Core:
    """The opened core; CoreError with one reason if it is no kernel core that can be read. `record`: for a minicore."""
    try:
        detected = detect.detect(path)
    except (OSError, ValueError) as error:
        raise CoreError(path, reason(error)) from error
    prog = Program()
    # a core may come from anywhere: nothing is loaded or downloaded unless it was asked for below
    prog.set_enabled_debug_info_finders([])
    try:
        prog.set_core_dump(path)
        text = prog["VMCOREINFO"].string_().decode("ascii", "replace")
    except KeyError as error:
        raise CoreError(path, "holds no VMCOREINFO, so the kernel's layout is unknown") from error
    except Exception as error:
        raise CoreError(path, f"cannot be opened: {_hint(reason(error))}") from error
    core = Core(path, detected.format, prog, parse_vmcoreinfo(text))
    core.notes += detected.notes
    core.excluded = detected.excluded
    if record:
        core.recorder = Recorder(core)
        core.unrecorded = core.recorder.paused
    if core.arch in _ARCHITECTURES:
        load_types(core, vmlinux, debug_dirs)
    else:
        core.note(f"a core of the architecture {core.arch}: pages and stacks are read on x86-64 and arm64 only")
    return core


def _hint(text: str) -> str:
    if "KDUMP_ATTR_ARCH_NAME" in text:
        return "the utsname in its kdump header is empty (QEMU writes such files)"
    if "flattened segment" in text:
        return "the flattened file is damaged"
    return text


def parse_vmcoreinfo(text: str) -> dict[str, str]:
    """The `KEY=value` lines of a VMCOREINFO note: OSRELEASE=6.12.1, PAGESIZE=4096, NUMBER(PG_hwpoison)=22 ..."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def load_types(core: Core, vmlinux: str | None, debug_dirs: Sequence[str]) -> None:
    """Give the core types: a given vmlinux, one found by build id, else BTF; what was refused and why is noted."""
    if core.recorder is not None and _try_btf(core):
        return  # a minicore has to be readable by itself
    if vmlinux is not None and _try_dwarf(core, vmlinux, given=True):
        return
    if any(_try_dwarf(core, found, given=False) for found in _candidates(core, debug_dirs)):
        return
    if core.recorder is None:
        _try_btf(core)


def _try_btf(core: Core) -> bool:
    with core.noting("no types in the core"):
        _load_btf(core)
        core.types = "btf"
    return core.typed


def _try_dwarf(core: Core, vmlinux: str, *, given: bool) -> bool:
    if not Path(vmlinux).is_file():
        if given:
            core.note(f"{vmlinux}: no such file")
        return False
    try:
        list(core.prog.loaded_modules())
        main = core.prog.main_module()
        # before 5.9 VMCOREINFO has no build id: only a vmlinux given on purpose is then believed
        main.try_file(vmlinux, force=given and main.build_id is None)
    except DAMAGE as error:
        core.note(f"{vmlinux}: {reason(error)}")
        return False
    if main.wants_debug_file():
        if given:
            core.note(f"{vmlinux}: refused, it is not of this kernel's build or holds no debug info")
        return False
    core.types = f"dwarf ({vmlinux})"
    _install_module_symbols(core)
    return True


def _candidates(core: Core, debug_dirs: Sequence[str]) -> Iterator[str]:
    """Where distributions put the debug file of this very kernel, below each of the given folders and the system's."""
    release, build_id = core.info.get("OSRELEASE", "").strip("/."), core.info.get("BUILD-ID", "")
    names = [f"boot/vmlinux-{release}", f"lib/modules/{release}/vmlinux", f"vmlinux-{release}", "vmlinux"]
    if len(build_id) > 2:
        names.insert(0, f".build-id/{build_id[:2]}/{build_id[2:]}.debug")
    for folder in (*debug_dirs, *_SYSTEM_DIRS):
        yield from (str(found) for name in names if (found := Path(folder, name)).is_file())


def _load_btf(core: Core) -> None:
    prog, symbols = core.prog, Kallsyms(core.prog, locate(core))
    prog.register_symbol_finder("triage_kallsyms", symbols, enable_index=0)
    start, stop = prog.symbol("__start_BTF").address, prog.symbol("__stop_BTF").address
    if not 0 < stop - start <= _MAX_BTF:
        raise ValueError(f"a BTF section of {stop - start} bytes")
    data = prog.read(start, stop - start)
    btf = Btf(data)
    TypeFinder(prog, btf).install()
    core.reductions = [
        symbols.reduced,
        lambda: [(start, reduced(data, btf.used))],
        lambda: orc.reduced(core, core.unwound),
    ]
    with core.noting("modules"):
        list(prog.loaded_modules())
    with core.noting("unwind tables"):
        # with its range known, drgn unwinds by the kernel's own ORC tables
        prog.main_module().address_ranges = [(prog.symbol("_stext").address, prog.symbol("_end").address)]
    _install_module_symbols(core)


def _install_module_symbols(core: Core) -> None:
    modules = ModuleSymbols(core.prog)
    core.module_of = modules.name
    core.prog.register_symbol_finder("triage_modules", modules, enable_index=-1)
