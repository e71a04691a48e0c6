"""The hardware errors of a case as a table: alike ones together, machine check registers decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from triage.model import Case, HardwareError
from triage.report import decode, words
from triage.report.limits import Limits
from triage.report.lines import Excerpts, Ref

Named = tuple[str, HardwareError]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """One error, or several that differ in nothing but time and address."""

    when: str
    severity: str
    what: str
    address: str
    place: str
    count: int
    remarks: tuple[str, ...]
    ref: Ref | None
    decoded: tuple[decode.Decoded, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorView:
    rows: tuple[ErrorRow, ...]
    more: int  # errors that are not in the rows

    @property
    def decoded(self) -> tuple[ErrorRow, ...]:
        return tuple(row for row in self.rows if row.decoded)


def error_views(case: Case, excerpts: Excerpts, limits: Limits) -> ErrorView:
    """The table, uncorrected errors first."""
    groups: dict[tuple[str, ...], list[Named]] = {}
    kinds = {name: error.kind for name, error in case.errors}
    for name, error in case.errors:
        teller = kinds[case.copies[name]] if name in case.copies else ""
        groups.setdefault((*likeness(name, error), teller), []).append((name, error))
    ordered = sorted(groups.items(), key=lambda group: group[1][0][1].severity == "corrected")
    rows = tuple(row(group, teller, excerpts) for (*_, teller), group in ordered[: limits.rows])
    return ErrorView(rows=rows, more=sum(len(group) for _, group in ordered[limits.rows :]))


def likeness(name: str, error: HardwareError) -> tuple[str, ...]:
    """Corrected errors of one reporter and place count as one row, an uncorrected one always stands alone."""
    if error.severity != "corrected":
        return (name,)
    module = words.place(
        {k: v for k, v in error.location.items() if k in ("dimm", "label", "fru", "node", "socket", "slot")}
    )
    return (error.kind, error.what, module, error.device or "", str(error.previous_boot))


def row(group: Sequence[Named], teller: str, excerpts: Excerpts) -> ErrorRow:
    """The row of alike errors, told by the first; `teller` is who told of them before, if they are copies."""
    error = group[0][1]
    return ErrorRow(
        when=words.when(error) or "no time",
        severity=error.severity,
        what=f"{error.what} ({error.kind})",
        address=address(error) if len(group) == 1 else "several addresses",
        place=words.place(error.location) or error.device or "place not named",
        count=sum(each.count for _, each in group),
        remarks=(*remarks(error), *([f"told by {teller} too"] if teller else [])),
        ref=excerpts.event(error),
        decoded=decoded(error),
    )


def address(error: HardwareError) -> str:
    """Physical address, else the page that EDAC names."""
    if error.physical_address is not None:
        grain = f" (within {error.granularity:,} bytes)" if error.granularity else ""
        return f"{error.physical_address:#x}{grain}"
    return f"page {error.page:#x}" if error.page else "no address"


def remarks(error: HardwareError) -> tuple[str, ...]:
    """What makes this record special."""
    made = ["of an earlier boot"] if error.previous_boot else []
    made += ["injected on purpose"] if error.injected else []
    made += [f"CPU {error.cpu}"] if error.cpu is not None else []
    return (*made, *(["record cut short: no " + ", ".join(error.missing)] if error.missing else []))


def decoded(error: HardwareError) -> tuple[decode.Decoded, ...]:
    """The machine check registers: as told, then what their bits say."""
    told = {name: item for name, item in error.mca.items() if item not in (None, "") and name not in decode.DECODED}
    rows = [(words.key(name), words.value(name, item), "") for name, item in told.items()]
    return (*rows, *decode.machine_check(error.mca))
