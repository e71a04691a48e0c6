"""`python -m bench.fleetgen OUT --boots 1000`: an archive of kernel logs of a fleet that never was, with the truth
beside it.

Hosts have models, kernels and memory modules; some modules are weak. In each boot software crashes come at constant
rates per
site, memory errors at the weak module's rate; corrupt kernel memory then kills the boot after an exponential time, on
x86 as an
ordinary-looking fault in one of the victims, on arm64 as an external abort. `truth.json` holds what the statistics
should find:
rates, not outcomes, wherever an estimate is compared with its interval, and outcomes where plain counting is to be
checked.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import fleetlog

DAY = 86400.0
START = datetime(2026, 1, 5, tzinfo=UTC)
MODELS = ("Acme R750", "Bolt K2", "Corvid 9000")
KERNELS = ("5.10.230", "6.12.41", "6.12.60")
REGRESSED = ("6.12.60", "tcp_ack", 6.0)  # this release crashes there so many times as often
SITES = {
    "ext4_readdir": 8e-9,
    "tcp_ack": 8e-9,
    "d_lookup": 4e-9,
    "kmem_cache_alloc": 4e-9,
    "xfs_iget": 8e-9,
}  # crashes per second
VICTIMS = {"d_lookup": 0.6, "kmem_cache_alloc": 0.4}  # where corrupt memory strikes on x86
MODES = ("cell", "row", "column", "bank", "device")
STORM = 300  # corrected errors within half a minute
OUTCOMES = (  # what memory_failure() says, how often, and whether the page stays in use
    ("get hwpoison page", "Ignored", 0.45),
    ("reserved kernel page", "Ignored", 0.1),
    ("high-order kernel page", "Ignored", 0.1),
    ("dirty LRU page", "Recovered", 0.35),
)
SLAB = ("kernel slab page", "Ignored")  # 5.10's word for the first


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What fleet to make."""

    boots: int = 1000
    hosts: int = 200
    seed: int = 1
    weak: float = 0.15  # share of hosts with a weak module
    uncorrected: float = 1.0  # memory errors per boot of mean length on such a host
    latent: float = 2.0  # mean days from corruption to crash
    days: float = 20.0  # mean length of a boot
    haste: float = 1.0  # software crashes come this many times as often
    size: int = 0  # bytes of everyday lines added to each log
    copies: float = 0.05  # share of crashes that also arrive as a crash directory's dmesg
    damaged: float = 0.02  # files that are damaged, duplicated or something else
    storms: float = 0.1  # boots of weak hosts with a storm of corrected errors
    lost: float = 0.0  # share of crashes whose log lost the error in front of it


@dataclass
class Host:
    """One machine."""

    name: str
    model: str
    kernel: str
    arch: str
    weak: str | None = None
    mode: str | None = None


@dataclass
class Truth:
    """What the statistics should find."""

    boots: int = 0
    crashes: int = 0
    files: int = 0
    copies: int = 0
    duplicates: int = 0
    damaged: int = 0
    uncorrected: int = 0
    corrected: int = 0
    storms: int = 0
    lost: int = 0  # crashes whose log lost the error before them
    sites: Counter[str] = field(default_factory=Counter)
    exposed: float = (
        0.0  # seconds of boots after their first uncorrected error, of hosts whose crashes can follow unseen
    )
    unexposed: float = 0.0
    hazard: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))  # expected crashes
    ratios: dict[str, float] = field(default_factory=dict)
    latent_median: float = 0.0  # seconds
    open_pages: int = 0
    open_crashed: int = 0
    x86: list[str] = field(default_factory=list)  # hosts
    struck: Counter[str] = field(default_factory=Counter)  # uncorrected errors by host
    running: set[str] = field(default_factory=set)  # hosts whose newest boot left a page in use and did not crash
    weak: dict[str, tuple[str, str]] = field(default_factory=dict)  # host -> (module, fault mode)
    whatif: Counter[str] = field(default_factory=Counter)
    kernels: Counter[str] = field(default_factory=Counter)
    regressed: tuple[str, str, float] = REGRESSED


@dataclass
class Boot:
    """One boot as it went: what to write, and when it ended. Times are printk seconds."""

    host: Host
    began: datetime
    end: float
    lines: list[tuple[float, str]] = field(default_factory=list)
    crash: float | None = None
    site: str | None = None
    lost: bool = False  # nothing before the crash is left of its log


def hosts(plan: Plan, dice: random.Random) -> list[Host]:
    """The machines of the fleet."""
    found = []
    for number in range(plan.hosts):
        host = Host(
            f"node{number:05d}", dice.choice(MODELS), dice.choice(KERNELS), dice.choice(("x86_64", "x86_64", "arm64"))
        )
        if dice.random() < plan.weak:
            host.weak, host.mode = fleetlog.module(dice.randrange(8)), dice.choice(MODES)
        found.append(host)
    return found


def simulate(plan: Plan, truth: Truth) -> Iterator[Boot]:
    """The boots of the fleet, one by one."""
    dice = random.Random(plan.seed)
    machines = hosts(plan, dice)
    truth.weak = {host.name: (host.weak, host.mode or "") for host in machines if host.weak}
    truth.x86 = [host.name for host in machines if host.arch == "x86_64"]
    clocks = {host.name: START + timedelta(days=dice.random() * 20) for host in machines}
    for number in range(plan.boots):
        host = machines[number % len(machines)]
        boot = Boot(host, clocks[host.name], dice.expovariate(1 / (plan.days * DAY)) + 600)
        live(boot, plan, truth, dice)
        clocks[host.name] += timedelta(seconds=boot.end + 600)
        yield boot
    truth.ratios = {
        site: (after / truth.exposed) / (before / truth.unexposed)
        for site, (before, after) in truth.hazard.items()
        if before and truth.exposed
    }


def live(boot: Boot, plan: Plan, truth: Truth, dice: random.Random) -> None:
    """Let a boot run: errors, then the first crash of all that compete for it."""
    host, rates = boot.host, rates_of(boot.host, plan.haste)
    site, death = first(rates, dice)
    error = dice.expovariate(plan.uncorrected / (plan.days * DAY)) if host.weak else float("inf")
    stays, latent = False, float("inf")
    if error < min(boot.end, death):
        stays = strike(boot, error, truth, dice)
        latent = error + dice.expovariate(1 / (plan.latent * DAY)) if stays else float("inf")
    if latent < death:
        death, site = latent, pick(VICTIMS, dice)
    if host.weak:
        warn(boot, min(error, death, boot.end), plan, truth, dice)
    account(boot, error, min(death, boot.end), stays, plan, truth)
    truth.open_crashed += stays and death < boot.end
    if death < boot.end:
        boot.crash, boot.end, boot.site = death, death, site
        abort = host.arch == "arm64" and death == latent
        boot.lines += fleetlog.crash(death, host, site, dice, abort=abort)
        truth.crashes += 1
        truth.sites[site] += 1
        truth.kernels[host.kernel] += 1
    truth.boots += 1
    (truth.running.add if stays and boot.crash is None else truth.running.discard)(host.name)
    if dice.random() < plan.lost and boot.crash is not None and error < death:
        boot.lines, boot.lost = [line for line in boot.lines if line[0] >= death], True
        truth.lost += 1


def rates_of(host: Host, haste: float) -> dict[str, float]:
    """Software crashes per second by site."""
    kernel, site, factor = REGRESSED
    worse = {site: factor} if host.kernel == kernel else {}
    return {name: haste * rate * worse.get(name, 1.0) for name, rate in SITES.items()}


def first(rates: dict[str, float], dice: random.Random) -> tuple[str, float]:
    """Which site crashes first, and when."""
    return min(((site, dice.expovariate(rate)) for site, rate in rates.items()), key=lambda pair: pair[1])


def pick(shares: dict[str, float], dice: random.Random) -> str:
    """One of several by their shares."""
    return dice.choices(list(shares), list(shares.values()))[0]


def strike(boot: Boot, error: float, truth: Truth, dice: random.Random) -> bool:
    """An uncorrected error and what the kernel made of it; whether the page stays in use."""
    label, result, _ = dice.choices(OUTCOMES, [share for *_, share in OUTCOMES])[0]
    if boot.host.kernel.startswith("5.10") and label == "get hwpoison page":
        label, result = SLAB
    boot.lines += fleetlog.uncorrected(error, boot.host, dice.randrange(1 << 18, 1 << 26), label, result)
    truth.uncorrected += 1
    truth.struck[boot.host.name] += 1
    for policy, answer in fleetlog.answers(label, result, boot.host.kernel).items():
        truth.whatif[f"{policy} {answer}"] += 1
    return result == "Ignored"


def warn(boot: Boot, until: float, plan: Plan, truth: Truth, dice: random.Random) -> None:
    """Corrected errors on the weak module, before the uncorrected one, by its fault mode."""
    count = dice.randrange(4, 12)
    cells = fleetlog.cells(
        boot.host.mode or "cell", count, random.Random(boot.host.name)
    )  # the fault stays where it is
    for cell in cells:
        boot.lines.append(fleetlog.corrected(dice.uniform(1, until), boot.host, cell))
    truth.corrected += count
    if dice.random() < plan.storms and until > 600:
        start = dice.uniform(60, until - 120)
        boot.lines += [fleetlog.corrected(start + n / 10, boot.host, cells[0]) for n in range(STORM)]
        truth.corrected += STORM
        truth.storms += 1


def account(boot: Boot, error: float, end: float, stays: bool, plan: Plan, truth: Truth) -> None:
    """Exposure and expected crashes on both sides of the error, by the rates that made them."""
    after = max(0.0, end - error)
    if stays:
        truth.open_pages += 1
    if boot.host.arch == "arm64":
        return
    truth.exposed += after
    truth.unexposed += end - after
    for site, rate in rates_of(boot.host, plan.haste).items():
        extra = VICTIMS.get(site, 0.0) / (plan.latent * DAY) if stays else 0.0
        truth.hazard[site][0] += rate * (end - after)
        truth.hazard[site][1] += (rate + extra) * after


def write(plan: Plan, out: Path) -> Truth:
    """The archive below `out`, and `truth.json` beside its logs."""
    truth, dice = Truth(latent_median=plan.latent * DAY * math.log(2)), random.Random(plan.seed + 1)
    for number, boot in enumerate(simulate(plan, truth)):
        folder = out / "logs" / f"{number // 1000:04d}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{boot.host.name}-{number:07d}.log"
        if not boot.lost:
            boot.lines += fleetlog.everyday(boot.end, plan.size, dice)
        text = fleetlog.syslog(boot)
        path.write_text(text, encoding="utf-8")
        truth.files += 1
        copies(boot, out, number, text, plan, truth, dice)
    (out / "truth.json").write_text(json.dumps(vars(truth), indent=1, default=sorted), encoding="utf-8")
    return truth


def copies(boot: Boot, out: Path, number: int, text: str, plan: Plan, truth: Truth, dice: random.Random) -> None:
    """The same crash in other forms, and what lies about in an archive."""
    if boot.crash is not None and dice.random() < plan.copies:
        stamp = boot.began + timedelta(seconds=boot.crash)
        folder = out / "crash" / f"{boot.host.name}-{stamp:%Y-%m-%d-%H:%M:%S}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "vmcore-dmesg.txt").write_text(fleetlog.dmesg(boot), encoding="utf-8")
        truth.copies += 1
        truth.files += 1
    if dice.random() < plan.damaged:
        folder = out / "other"
        folder.mkdir(parents=True, exist_ok=True)
        match number % 3:
            case 0:
                (folder / f"{number}.log").write_text(text, encoding="utf-8")
                truth.duplicates += 1
            case 1:
                (folder / f"{number}.bin").write_bytes(dice.randbytes(2000))
            case _:
                packed = gzip.compress(text.encode())
                (folder / f"{number}.log.gz").write_bytes(packed[: len(packed) // 2])
        truth.damaged += 1
        truth.files += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    for name, value in asdict(Plan()).items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    arguments = vars(parser.parse_args())
    out = arguments.pop("out")
    truth = write(Plan(**arguments), out)
    print(
        f"{out}: {truth.files} files, {truth.boots} boots, {truth.crashes} crashes, "
        f"{truth.uncorrected} uncorrected errors"
    )


if __name__ == "__main__":
    main()
