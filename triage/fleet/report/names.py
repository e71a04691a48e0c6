"""File names of the site's pages: digests, so that no host name or crash title can lead out of it or collide."""

from __future__ import annotations

from triage.fleet.identity import digest


def signature(title: object) -> str:
    """The page of a crash signature."""
    return f"s/{digest('signature', str(title))[:16]}.html"


def host(name: object) -> str:
    """The page of a host."""
    return f"h/{digest('host', str(name))[:16]}.html"


def module(host_name: object, dimm: object) -> str:
    """The page of a memory module on its host."""
    return f"m/{digest('module', str(host_name), str(dimm))[:16]}.html"


def case(name: object) -> str:
    """The page of a case; its identity is made of hexadecimal digits and a number."""
    return f"c/{name}.html"
