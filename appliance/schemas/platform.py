"""The platform itself: its machine, its processes, its queue, and how it does."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from appliance.schemas.base import Schema

_MOMENT = "2026-03-01T08:00:00Z"
Severity = Literal["note", "warning", "broken"]
PROCESS_ROLES = ("web", "worker", "ray")
PARTS = (
    "lake",
    "models",
    "database",
    "backups",
    "uploads",
    "reports",
    "logs",
    "other",
)
"""What the home is made of."""


class Metric(StrEnum):
    """A figure whose history is kept; its unit ends its name.

    There is one of each role and part by name, so that nothing makes more of them.
    """

    HOST_CPU = "host_cpu_ratio"
    HOST_LOAD = "host_load_processes"
    HOST_MEMORY = "host_memory_used_bytes"
    HOST_SWAP = "host_swap_used_bytes"
    HOST_DISK = "host_disk_used_bytes"
    HOST_READ = "host_disk_read_bytes_per_second"
    HOST_WRITTEN = "host_disk_written_bytes_per_second"
    HOST_RECEIVED = "host_network_received_bytes_per_second"
    HOST_SENT = "host_network_sent_bytes_per_second"
    WEB_CPU = "web_cpu_cores"
    WEB_MEMORY = "web_memory_bytes"
    WORKER_CPU = "worker_cpu_cores"
    WORKER_MEMORY = "worker_memory_bytes"
    RAY_CPU = "ray_cpu_cores"
    RAY_MEMORY = "ray_memory_bytes"
    JOBS_QUEUED = "jobs_queued"
    JOBS_RUNNING = "jobs_running"
    JOBS_WAITED = "jobs_longest_wait_seconds"
    JOBS_WORKERS = "jobs_workers"
    LAKE_SIZE = "lake_size_bytes"
    MODELS_SIZE = "models_size_bytes"
    DATABASE_SIZE = "database_size_bytes"
    BACKUPS_SIZE = "backups_size_bytes"
    UPLOADS_SIZE = "uploads_size_bytes"
    REPORTS_SIZE = "reports_size_bytes"
    LOGS_SIZE = "logs_size_bytes"
    OTHER_SIZE = "other_size_bytes"


class Trouble(Schema):
    """Something that needs care, or will.

    Attributes
    ----------
    code
        What it is, for programs: its text is made from it, `subject` and `values`.
    subject
        The source, fleet, schedule or file that it is about; empty for the platform itself.
    site
        At a gateway, the site that it is of.
    values
        Figures that the text needs.
    text, remedy
        What it is and what to do, in English.
    """

    code: str = Field(examples=["disk_low"])
    severity: Severity = Field(examples=["warning"])
    subject: str = Field("", examples=["line2-historian"])
    site: str = ""
    values: dict[str, float] = Field({}, examples=[{"free": 4.2e9, "total": 1e11}])
    text: str = Field(examples=["4.2 of 100.0 GB of the disk are free."])
    remedy: str = Field(examples=["Free some space: `kizashi retention --days N`."])


class Queue(Schema):
    """The jobs that wait or run, of all projects.

    Attributes
    ----------
    oldest
        Since when the one waits that has waited longest.
    workers
        Processes that run jobs.
    at_once
        Jobs that each of them runs at once.
    failed
        Jobs that failed within a day.
    """

    queued: int = Field(examples=[2])
    running: int = Field(examples=[1])
    oldest: AwareDatetime | None = Field(None, examples=[_MOMENT])
    workers: int = Field(examples=[1])
    at_once: int = Field(examples=[2])
    failed: int = Field(examples=[0])


class Host(Schema):
    """The machine that the site is on.

    Attributes
    ----------
    cpu_ratio, load
        Share of all processors at work, and processes that want one; None at first.
    disk_bytes, disk_free_bytes
        Of the disk that the home is on.
    """

    name: str = Field(examples=["plant-1"])
    system: str = Field(examples=["Linux 6.12"])
    started: AwareDatetime = Field(examples=[_MOMENT])
    cpus: int = Field(examples=[8])
    cpu_ratio: float | None = Field(None, examples=[0.35])
    load: float | None = Field(None, examples=[2.8])
    memory_bytes: int = Field(examples=[16_000_000_000])
    memory_used_bytes: int = Field(examples=[6_000_000_000])
    disk_bytes: int = Field(examples=[500_000_000_000])
    disk_free_bytes: int = Field(examples=[320_000_000_000])


class ProcessRole(Schema):
    """What one kind of process uses, with all that it started.

    Attributes
    ----------
    processes
        How many there are on this machine; none where it does not run here.
    since
        When the first of them began.
    memory_bytes
        That would be free without them.
    """

    role: str = Field(examples=["worker"])
    processes: int = Field(examples=[1])
    since: AwareDatetime | None = Field(None, examples=[_MOMENT])
    cpu_cores: float | None = Field(None, examples=[0.4])
    memory_bytes: int = Field(examples=[210_000_000])


class Part(Schema):
    """What one part of the home takes."""

    part: str = Field(examples=["lake"])
    size_bytes: int = Field(examples=[4_200_000_000])


class JobNow(Schema):
    """A job at work.

    Attributes
    ----------
    step
        That it is in; empty before the first.
    done, total
        Units of work of that step; `total` is None where nobody knows.
    """

    id: str = Field(examples=["job_1"])
    pipeline: str = Field(examples=["train"])
    fleet: str | None = Field(None, examples=["pumps"])
    started: AwareDatetime | None = Field(None, examples=[_MOMENT])
    step: str = Field("", examples=["learn"])
    done: int = Field(0, examples=[12])
    total: int | None = Field(None, examples=[40])


class WorkerNow(Schema):
    """A worker process, and what it is at.

    Attributes
    ----------
    name
        Its machine's and a number; empty for jobs whose worker is gone.
    since, seen
        When it began, and when it last gave a sign of life.
    """

    name: str = Field(examples=["plant-1-1"])
    since: AwareDatetime | None = Field(None, examples=[_MOMENT])
    seen: AwareDatetime | None = Field(None, examples=[_MOMENT])
    jobs: tuple[JobNow, ...] = ()


class ClusterNode(Schema):
    """One machine of Ray.

    Attributes
    ----------
    cpus, cpus_used
        Tasks that it may run at once, and that it runs.
    """

    name: str = Field(examples=["plant-1"])
    address: str = Field(examples=["127.0.0.1"])
    alive: bool = True
    cpus: float = Field(examples=[8.0])
    cpus_used: float = Field(examples=[3.0])
    memory_bytes: int = Field(examples=[8_000_000_000])
    memory_used_bytes: int = Field(examples=[0])


class Cluster(Schema):
    """The Ray that the site's work runs on.

    Attributes
    ----------
    address
        Empty while it is asleep.
    at
        When its nodes were looked at; None for one of others, which is asked itself.
    asleep
        Whether it takes nothing of the machine until the next job wants it.
    """

    address: str = Field(examples=["127.0.0.1:6379"])
    asleep: bool = False
    at: AwareDatetime | None = Field(None, examples=[_MOMENT])
    nodes: tuple[ClusterNode, ...] = ()


class Platform(Schema):
    """How the platform does now.

    Attributes
    ----------
    troubles
        What needs care, the worst first.
    host, roles, parts, database, cluster, workers
        Told to those who operate the site; None and empty to others.
    database
        Its kind.
    """

    at: AwareDatetime = Field(examples=[_MOMENT])
    version: str = Field(examples=["0.2.0"])
    troubles: tuple[Trouble, ...] = ()
    queue: Queue
    host: Host | None = None
    roles: tuple[ProcessRole, ...] = ()
    parts: tuple[Part, ...] = ()
    database: str | None = Field(None, examples=["sqlite"])
    cluster: Cluster | None = None
    workers: tuple[WorkerNow, ...] = ()


class MetricHistory(Schema):
    """One figure over time; None where nothing was measured."""

    metric: Metric
    mean: tuple[float | None, ...] = Field(examples=[[0.31, None]])
    least: tuple[float | None, ...] = Field(examples=[[0.12, None]])
    most: tuple[float | None, ...] = Field(examples=[[0.97, None]])


class PlatformHistory(Schema):
    """Some figures over the same time.

    Attributes
    ----------
    step_seconds
        From one of `times` to the next; each is told of the stretch that begins there.
    """

    step_seconds: int = Field(examples=[300])
    times: tuple[AwareDatetime, ...] = Field(examples=[[_MOMENT, "2026-03-01T08:05:00Z"]])
    metrics: tuple[MetricHistory, ...]


class JobDay(Schema):
    """The jobs of one pipeline that ended on one day, by the site's clock.

    Attributes
    ----------
    seconds, longest_seconds
        How long those took that succeeded: the one in the middle, and the longest.
    waited_seconds
        How long they had waited until they began: the one in the middle.
    """

    day: date = Field(examples=["2026-03-01"])
    pipeline: str = Field(examples=["train"])
    succeeded: int = Field(examples=[4])
    failed: int = Field(examples=[1])
    cancelled: int = Field(examples=[0])
    seconds: float | None = Field(None, examples=[212.0])
    longest_seconds: float | None = Field(None, examples=[540.0])
    waited_seconds: float | None = Field(None, examples=[0.3])


class JobDays(Schema):
    """Jobs by day and pipeline, in this order."""

    days: tuple[JobDay, ...] = ()
