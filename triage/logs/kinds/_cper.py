"""The lines of CPER records (grammars/_cper.lark) to hardware errors, one per section; used by `ghes` and `bert`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from triage.logs.decode import aer, cper, cxl
from triage.logs.decode.slot import with_fru
from triage.logs.kinds._fields import merge, number
from triage.model import Component, Event, HardwareError, Severity

SectionFields = dict[str, Any]
HEAD = ("source", "severity", "seq", "cpu")  # fields of the record; all others are its sections'


def read(tokens: Iterable[Any]) -> dict[str, Any]:
    """Head fields and `sections`: one begins at each "Error N, type:", or with the first line if that is lost."""
    head: dict[str, Any] = {}
    sections: list[SectionFields] = []
    pending: SectionFields = {}  # a time stamp stands before the section that it belongs to
    for token in tokens:
        fields = {name: value for name, value in token.fields.items() if value is not None}
        for name in HEAD:
            if name in fields:
                head.setdefault(name, fields.pop(name))
        if "index" in fields:
            if not (sections and set(sections[-1]) == {"extra", "remarks"} and not sections[-1]["extra"]):
                sections.append({"extra": [], "remarks": []})  # but a firmware warning may stand before the first
            sections[-1] |= pending | fields
            pending = {}
        elif "tstamp" in fields:
            pending = fields
        elif fields:
            if not sections:
                sections.append({"extra": [], "remarks": []})
            put(sections[-1], fields)
    return head | {"sections": sections}


def put(section: SectionFields, fields: dict[str, str]) -> None:
    """Add a line's fields: the first value of a name wins, unnamed ones are listed in their order.

    What stands in an error structure of a processor section belongs to the structure: a section may have several.
    """
    if "structure" in fields:
        section["extra"].append((fields["structure"], fields["number"]))
        if fields["structure"].startswith("Error"):
            section.setdefault("structures", []).append({})
    elif "field" in fields:
        section["extra"].append((fields["field"].strip(), fields["value"].strip()))
    elif "remark" in fields or "dump" in fields:
        section["remarks"] += filter(None, (fields.get("remark"), fields.get("dump")))
    elif "location" in fields:
        section["location"] = f"{section.get('location', '')} {fields['location']}"
    else:
        target = section["structures"][-1] if "structures" in section else section
        for name, value in fields.items():
            target.setdefault(name, value)


def errors(record: dict[str, Any], base: dict[str, Any], *, previous_boot: bool) -> list[Event]:
    """One error per section, and one for each further address of its structures; a record of neither is one error.

    The kernel panics by the severity of the record: if no section is fatal itself, the uncorrected ones are what it is.
    """
    sections = record.get("sections") or [{}]
    if record.get("severity") == "fatal" and all(each.get("section_severity") != "fatal" for each in sections):
        sections = [each | {"fatal": each.get("section_severity") == "recoverable"} for each in sections]
    return [error(record, part, base, previous_boot) for section in sections for part in parts(section)]


def parts(section: SectionFields) -> list[SectionFields]:
    """The section with what its error structures say: of several addresses each is an error of its own."""
    structures = section.get("structures", [])
    placed = [each for each in structures if "fault_address" in each]
    rest = [each for each in structures if each not in placed[1:]]
    names = dict.fromkeys(name for each in rest if (name := error_name(each)))
    merged = merge([*placed[:1], *rest]) | ({"error_name": ", ".join(names), "micro_error": None} if names else {})
    return [section | merged, *(section | each for each in placed[1:])]


def error(record: dict[str, Any], section: SectionFields, base: dict[str, Any], previous_boot: bool) -> HardwareError:
    """One section: `physical_address` and `granularity` in bytes, the reporter's other lines in `detail`."""
    section_type = type_of(section)
    code = number(section.get("error_type"), 0)
    component = cper.component(section_type, error_name(section))
    known = cper.severity(section.get("section_severity"), record.get("severity"))
    guess: Severity = "recoverable" if component == "memory" and code in cper.UNCORRECTED_TYPES else "corrected"
    if record.get("severity") == "unknown":
        guess = "fatal"  # to the kernel too: ghes_severity() takes what it does not know for a reason to panic
    if "index" in section and section_type is None:
        base = base | {"missing": (*base["missing"], "section_type")}
    return HardwareError(
        **base,
        component=component,
        severity="fatal" if section.get("fatal") else known or guess,
        what=what(section, section_type),
        sequence=number(record.get("seq")),
        section=number(section.get("index")),
        physical_address=number(section.get("physical_address") or section.get("fault_address"), 16),
        granularity=cper.granularity(number(section.get("mask"), 16)),
        location=place(section, component),
        device=section.get("device") or section.get("agent"),
        cpu=number(record.get("cpu")),
        count=number(section.get("errors")) or 1,
        previous_boot=previous_boot,
        detail=detail(record, section, section_type),
    )


def place(section: SectionFields, component: Component) -> dict[str, Any]:
    """The coordinates of a memory section, the core of a processor one."""
    memory = cper.location(section.get("location")) | cper.dimm(section.get("dimm"))
    if component == "memory":
        memory = with_fru(memory, section.get("fru_text"))
    return memory | cper.processor(dict(section.get("extra", ())))


def type_of(section: SectionFields) -> str | None:
    """The section's type as printed, or by its GUID; without either an error name that only memory sections have."""
    if "guid" in section:
        return f"unknown section {section['guid']}"
    return section.get("section_type") or ("memory error" if "error_name" in section else None)


def what(section: SectionFields, section_type: str | None) -> str:
    """The reporter's words: the error type, or the set PCIe or CXL status bits, or at least the section's type."""
    name = error_name(section)
    if name:
        return name
    bits = status_bits(section)
    return f"{section_type or 'hardware error'}{': ' if bits else ''}{', '.join(bits)}"


def error_name(section: SectionFields) -> str | None:
    """The error in words: beside its number, or as the x86 and the general processor section print it."""
    name = section.get("error_name", "").strip()
    if name == "unknown":
        return None
    if section.get("micro_error"):
        return f"{name or 'micro-architectural error'}: {section['micro_error']}"
    return name or next((remark for remark in section.get("remarks", ()) if remark.endswith(" error")), None)


def status_bits(section: SectionFields) -> tuple[str, ...]:
    """Names of the unmasked status bits of a PCIe section (AER) or of a CXL one (its RAS capability)."""
    get = section.get
    return (
        *aer.bits(get("uncor_status"), get("uncor_mask"), aer.UNCORRECTABLE),
        *aer.bits(get("cor_status"), get("cor_mask"), aer.CORRECTABLE),
        *aer.bits(get("cxl_uncor_status"), get("cxl_uncor_mask"), cxl.UNCORRECTABLE),
        *aer.bits(get("cxl_cor_status"), get("cxl_cor_mask"), cxl.CORRECTABLE),
    )


def detail(record: dict[str, Any], section: SectionFields, section_type: str | None) -> dict[str, Any]:
    """What has no field of its own; keys only for what was printed."""
    out = {
        "event_severity": record.get("severity"),
        "section_severity": section.get("section_severity"),
        "section_type": section_type,
        "apei_source": number(record.get("source")),
        "error_type": number(section.get("error_type"), 0),
        "error_status": section.get("status"),
        "error_status_text": section.get("status_text"),
        "fru_id": section.get("fru_id"),
        "fru_text": section.get("fru_text", "").strip(),
        "tstamp": section.get("tstamp", "").strip(),
        "tstamp_precise": section["clock"] == "precise" if "clock" in section else None,
        "status_bits": list(status_bits(section)),
        "product": f"{section['vendor_id']}:{section['product_id']}" if "vendor_id" in section else None,
        "fields": [list(pair) for pair in section.get("extra", ())],
        "remarks": section.get("remarks"),
    }
    return {name: value for name, value in out.items() if value not in (None, "", [])}
