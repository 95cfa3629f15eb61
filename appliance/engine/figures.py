"""The home's Ray as metrics: what its head tells, and what its processes use here.

Ray's own agent of metrics is no part of the appliance.  A Ray of others that has one is scraped
there: docs/how-to/metrics.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import psutil  # type: ignore[import-untyped]

from appliance.core.settings import Settings
from appliance.engine import shared
from appliance.metrics.families import Family, family
from appliance.schemas.platform import Cluster


def ray_families(settings: Settings, heads: Iterable[psutil.Process]) -> Iterator[Family]:
    """Yield what there is to tell of the home's Ray; nothing where none runs.

    Parameters
    ----------
    heads
        The processes that started it here.
    """
    found = shared.cluster(settings)
    if found is not None and found.nodes:
        yield from _of_cluster(found)
        yield from _of_processes(heads)


def _of_cluster(found: Cluster) -> Iterator[Family]:
    alive = [node for node in found.nodes if node.alive]
    states: dict[tuple[str, ...], float] = {
        ("alive",): len(alive),
        ("lost",): len(found.nodes) - len(alive),
    }
    yield family("kizashi_ray_nodes", states)
    yield family("kizashi_ray_cpus", sum(node.cpus for node in alive))
    yield family("kizashi_ray_cpus_used", sum(node.cpus_used for node in alive))
    yield family("kizashi_ray_memory_bytes", sum(node.memory_bytes for node in alive))
    yield family("kizashi_ray_memory_used_bytes", sum(node.memory_used_bytes for node in alive))
    if found.at is not None:
        yield family("kizashi_ray_looked_time_seconds", found.at.timestamp())


def _of_processes(heads: Iterable[psutil.Process]) -> Iterator[Family]:
    count = memory = 0.0
    for head in heads:
        try:
            for one in head.children(recursive=True):
                memory += one.memory_info().rss
                count += 1
        except psutil.Error:
            continue  # it has just ended
    yield family("kizashi_ray_processes", count)
    yield family("kizashi_ray_processes_memory_bytes", memory)
