"""The kinds of record, one module each, with the stem of its grammar.

A module has a docstring that shows the log, and

- `ANCHORS`: literals that stand in (almost) every record of the kind and in few other lines; the scan looks for nothing
  else, so they are few, long and rare, and best shared with other kinds,
- `GAP`: how many foreign lines may stand inside a record (0: the record is one line),
- `EVERY_CALLER` (optional): true where other CPUs than the one that began print parts of the record,
- `key(fields)` (optional): the record that a line names, where the groups `seq` and `bdf` do not say it,
- `REQUIRED`: names of fields that a complete record has; those absent are reported as `missing`,
- `Fields`: a plain class with one method per grammar rule, called by lark with the tokens (`LineToken`) and the results
  of inner rules; the method of `start` returns a dict. A rule without a method is a fault of the kind,
- `build(fields, base) -> list[Event]`: the typed events; `base` has the fields that every event has (line numbers,
  time ...).
"""
