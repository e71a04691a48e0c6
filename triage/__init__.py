"""Crash dump and log triage for the Linux kernel."""

__version__ = "0.1.0"
