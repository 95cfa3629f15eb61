"""Figures for Prometheus: counted where it happens, shown to those who may see them.

`catalog` names every metric once.  `instruments` counts what only a process itself knows, into
a `book` of files that outlive it; `families` makes metrics of facts that others look up, and
`endpoint` shows a role's metrics on a port of its own.  The only door to prometheus_client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.metrics.book import kept, read
    from appliance.metrics.families import Family, exposition, family, of_processes

__all__ = ["Family", "exposition", "family", "kept", "of_processes", "read"]


def __getattr__(name: str) -> Any:
    # Who only asks what a metric is does without the library that shows them.
    if name in __all__:
        file = "book" if name in ("kept", "read") else "families"
        return getattr(import_module(f"appliance.metrics.{file}"), name)
    raise AttributeError(f"module 'appliance.metrics' has no attribute {name!r}")
