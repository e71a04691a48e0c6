"""PCIe and CXL errors of the device whose driver crashed."""

from __future__ import annotations

from triage.correlate.scene import Scene
from triage.model import Crash, HardwareError

SECONDS = 30.0  # from the device's fatal error to its driver's crash
AFTERMATH = 600.0  # ... from an error that it may have recovered from
DEVICE_PARTS = ("pcie", "cxl")


def driver_of(error: HardwareError) -> str | None:
    """The driver that the AER line names before the device: `nvme 0000:3b:00.0: AER: ...`."""
    driver = error.detail.get("driver")
    return str(driver).replace("-", "_") if driver else None


def modules_of(crash: Crash) -> set[str]:
    """The modules that the crash runs through: the faulting one and those of its first reliable frames."""
    frames = [frame for trace in crash.traces[:1] for frame in trace.frames if frame.reliable][:8]
    return {name.replace("-", "_") for name in (crash.module, *(frame.module for frame in frames)) if name}


def errors_of_driver(scene: Scene, severities: tuple[str, ...]) -> list[HardwareError]:
    """Errors before the crash, of a device whose driver the crash runs through."""
    crash = scene.crash
    if crash is None:
        return []
    modules = modules_of(crash)
    return [
        error
        for _, error in scene.errors
        if error.component in DEVICE_PARTS
        and error.severity in severities
        and not error.previous_boot
        and scene.earlier(error)
        and driver_of(error) in modules
    ]


def seconds_before(error: HardwareError, crash: Crash) -> float | None:
    """How long before the crash the device's error came."""
    return None if error.time is None or crash.time is None else crash.time - error.time
