"""What needs care, by figures alone: each trouble has a code, a text and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.schemas.platform import Cluster, Host, Queue, Severity, Trouble

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
    return tuple(sorted(found, key=lambda one: _RANK[one.severity]))


def _disk(host: Host) -> list[Trouble]:
    free, total = float(host.disk_free_bytes), float(host.disk_bytes)
    if free >= max(_DISK_LOW, _DISK_SHARE * total) and free >= _DISK_FULL:
        return []
    full = free < _DISK_FULL
    return [
        Trouble(
            code="disk_full" if full else "disk_low",
            severity="broken" if full else "warning",
            values={"free": free, "total": total},
            text=f"{free / _GB:.1f} of {total / _GB:.1f} GB of the disk are free.",
            remedy="Free some space, or take old readings out: kizashi retention --days N",
        )
    ]


def _memory(host: Host) -> list[Trouble]:
    free = float(host.memory_bytes - host.memory_used_bytes)
    if free >= _MEMORY_LOW:
        return []
    full = free < _MEMORY_FULL
    return [
        Trouble(
            code="memory_full" if full else "memory_low",
            severity="broken" if full else "warning",
            values={"free": free, "total": float(host.memory_bytes)},
            text=f"{free / _GB:.1f} of {host.memory_bytes / _GB:.1f} GB of memory are free.",
            remedy="End other programs, or set fewer workers in kizashi.toml.",
        )
    ]


def _queue(facts: Facts) -> list[Trouble]:
    queue, found = facts.queue, []
    waits = 0.0 if queue.oldest is None else (facts.at - queue.oldest).total_seconds()
    if queue.workers and waits > _LONG_WAIT:
        found.append(
            Trouble(
                code="long_wait",
                severity="warning",
                values={"seconds": waits, "queued": float(queue.queued)},
                text=f"a job has waited for {waits / 3600:.1f} h; {queue.queued} are queued.",
                remedy="End jobs that are not needed, or set more jobs_at_once.",
            )
        )
    if queue.failed >= _MANY_FAILED:
        found.append(
            Trouble(
                code="jobs_fail",
                severity="warning",
                values={"failed": float(queue.failed)},
                text=f"{queue.failed} jobs failed within a day.",
                remedy="Each tells why: kizashi jobs --state failed",
            )
        )
    return found


def _processes(facts: Facts) -> list[Trouble]:
    found = []
    if not facts.queue.workers:
        found.append(
            Trouble(
                code="no_worker",
                severity="broken",
                values={"queued": float(facts.queue.queued)},
                text="no worker is running: jobs wait, schedules do not fire.",
                remedy="kizashi up, then kizashi logs worker",
            )
        )
    if facts.cluster is None and facts.needs_ray:
        found.append(
            Trouble(
                code="no_ray",
                severity="broken",
                text="Ray is not running, but the settings ask for it.",
                remedy="kizashi up, then kizashi logs ray",
            )
        )
    if not facts.measured:
        found.append(
            Trouble(
                code="not_measured",
                severity="note",
                text="no figures have been kept for a while.",
                remedy="They come a minute after the start; else look at kizashi logs web",
            )
        )
    dead = [one.name for one in facts.cluster.nodes if not one.alive] if facts.cluster else []
    if dead:
        found.append(
            Trouble(
                code="node_lost",
                severity="warning",
                values={"nodes": float(len(dead))},
                text=f"{len(dead)} machines of Ray are lost, the first is {dead[0]}.",
                remedy="Start them again; their work is done by the others meanwhile.",
            )
        )
    return found
