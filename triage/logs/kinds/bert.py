"""Errors of the boot before, told by firmware at this one (drivers/acpi/apei/bert.c, 5.4 to 7.3):

BERT: Error records from previous boot:
[Hardware Error]: event severity: fatal
[Hardware Error]:  Error 0, type: fatal
[Hardware Error]:   section_type: memory error
[Hardware Error]:   physical_address: 0x00000031c7a05240
BERT: Total records found: 1
"""

from __future__ import annotations

from typing import Any

from triage.logs.kinds import _cper
from triage.model import Event

ANCHORS = (b"BERT: ",)
GAP = 20
REQUIRED = ("records",)


class Fields:
    @staticmethod
    def start(tokens: list[Any]) -> dict[str, Any]:
        """The records, each begun by its severity or by the sentence before that."""
        if "chatter" in tokens[0].fields:
            return {"chatter": True, "records": True}
        records: list[list[Any]] = []
        for token in tokens:
            name = token.type
            before = records[-1][-1].type if records else None
            if name == "CORRECTED" or (name == "SEVERITY" and before != "CORRECTED"):
                records.append([])
            if name not in ("HEADER", "FOOTER"):
                records = records or [[]]
                records[-1].append(token)
        return {"records": [_cper.read(record) for record in records]}


def build(fields: dict[str, Any], base: dict[str, Any]) -> list[Event]:
    """One error per section of each record, all of the boot before; a bare header still says there was one."""
    if "chatter" in fields:
        return []
    records: list[dict[str, Any]] = fields.get("records") or [{}]
    return [event for record in records for event in _cper.errors(record, base, previous_boot=True)]
