"""What needs care, by figures alone: each trouble has a code, a text and a remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from appliance.schemas.platform import Cluster, Host, Queue, Severity, Trouble
from appliance.telemetry.trouble_words import trouble

_GB = 1e9
_DISK_FULL, _DISK_LOW, _DISK_SHARE = _GB, 5 * _GB, 0.05
_MEMORY_FULL, _MEMORY_LOW = 0.25 * _GB, _GB
_LONG_WAIT = 3_600.0
_MANY_FAILED = 3
_RANK: dict[Severity, int] = {"broken": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Facts:
    """What troubles follow from.

    Attributes
    ----------
    needs_ray
        Whether jobs can do without Ray.
    measured
        Whether figures are being kept.
    """

    at: datetime
    queue: Queue
    host: Host
    cluster: Cluster | None
    needs_ray: bool
    measured: bool


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """Return what needs care, the worst first."""
    found = [*_disk(facts.host), *_memory(facts.host), *_queue(facts), *_processes(facts)]
    return worst_first(found)


def worst_first(found: Iterable[Trouble]) -> tuple[Trouble, ...]:
    """Return what needs care in the order in which it is told."""
    return tuple(sorted(found, key=lambda one: _RANK[one.severity]))


def _disk(host: Host) -> list[Trouble]:
    free, total = float(host.disk_free_bytes), float(host.disk_bytes)
    if free >= max(_DISK_LOW, _DISK_SHARE * total) and free >= _DISK_FULL:
        return []
    if free < _DISK_FULL:
        return [trouble("disk_full", "broken", free=free, total=total)]
    return [trouble("disk_low", "warning", free=free, total=total)]


def _memory(host: Host) -> list[Trouble]:
    free, total = float(host.memory_bytes - host.memory_used_bytes), float(host.memory_bytes)
    if free >= _MEMORY_LOW:
        return []
    if free < _MEMORY_FULL:
        return [trouble("memory_full", "broken", free=free, total=total)]
    return [trouble("memory_low", "warning", free=free, total=total)]


def _queue(facts: Facts) -> list[Trouble]:
    queue, found = facts.queue, []
    waits = 0.0 if queue.oldest is None else (facts.at - queue.oldest).total_seconds()
    if queue.workers and waits > _LONG_WAIT:
        queued = float(queue.queued)
        found.append(trouble("long_wait", "warning", seconds=waits, queued=queued))
    if queue.failed >= _MANY_FAILED:
        found.append(trouble("jobs_fail", "warning", failed=float(queue.failed)))
    return found


def _processes(facts: Facts) -> list[Trouble]:
    found = []
    if not facts.queue.workers:
        found.append(trouble("no_worker", "broken", queued=float(facts.queue.queued)))
    if facts.cluster is None and facts.needs_ray:
        found.append(trouble("no_ray", "broken"))
    if not facts.measured:
        found.append(trouble("not_measured", "note"))
    dead = [one.name for one in facts.cluster.nodes if not one.alive] if facts.cluster else []
    if dead:
        found.append(trouble("node_lost", "warning", nodes=float(len(dead))))
    return found
