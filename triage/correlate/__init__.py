"""From events and facts to a verdict: one boot at a time, plain functions on dataclasses."""

from __future__ import annotations

from triage.correlate.verdict import judge

__all__ = ["judge"]
