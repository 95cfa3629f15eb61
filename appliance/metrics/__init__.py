"""Figures for Prometheus: counted where it happens, shown to those who may see them.

`catalog` names every metric once.  `instruments` counts what only a process itself knows, into
a `book` of files that outlive it; `families` makes metrics of facts that others look up, and
`endpoint` shows a role's metrics on a port of its own.  The only door to prometheus_client.
"""

from appliance.metrics.book import kept, read
from appliance.metrics.families import Family, exposition, family, of_processes

__all__ = ["Family", "exposition", "family", "kept", "of_processes", "read"]
