"""Machines as Ray tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from appliance.schemas.platform import ClusterNode


def machine(told: Mapping[str, Any], free: Mapping[str, float]) -> ClusterNode:
    """Return one machine of a cluster, and what of it is used.

    Parameters
    ----------
    told, free
        What Ray says of it, and of what is free there.
    """
    has = told["Resources"]
    cpus, memory = has.get("CPU", 0.0), has.get("memory", 0.0)
    return ClusterNode(
        name=told["NodeManagerHostname"],
        address=told["NodeManagerAddress"],
        alive=told["Alive"],
        cpus=cpus,
        cpus_used=max(cpus - free.get("CPU", 0.0), 0.0) if told["Alive"] else 0.0,
        memory_bytes=int(memory),
        memory_used_bytes=int(max(memory - free.get("memory", 0.0), 0.0)),
    )
