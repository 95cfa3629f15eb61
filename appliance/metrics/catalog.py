"""Every metric there is: its name, what it tells, and what it is told by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
OTHER = "(other)"
"""Stands for all that a label would otherwise have too many values of."""
MOST_FLEETS = 50
"""Fleets, and projects, that are told one by one."""


@dataclass(frozen=True)
class Described:
    """One metric.

    Attributes
    ----------
    role
        Whose port shows it; empty where every role's does.
    buckets
        Upper bounds of a histogram, without infinity.
    """

    name: str
    kind: Kind
    help: str
    role: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def family(self) -> str:
        """The name without the ending that samples of a counter have."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name


_REQUEST = (0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0)
_JOB = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
_STEP = (0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0)
_WAIT = (0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0)
SURPRISE = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
"""Upper bounds of surprise; 3 is reached by one reading of a thousand in normal running."""

_HTTP = (
    Described(
        "kizashi_http_requests_total",
        "counter",
        "Requests answered, by route template, method and class of status.",
        "web",
        ("route", "method", "status"),
    ),
    Described(
        "kizashi_http_request_duration_seconds",
        "histogram",
        "Time from a request to the end of its answer.",
        "web",
        ("route", "method"),
        _REQUEST,
    ),
    Described(
        "kizashi_http_requests_in_flight", "gauge", "Requests that are being answered.", "web"
    ),
    Described(
        "kizashi_http_connections", "gauge", "Open connections of pages (websockets).", "web"
    ),
)
_JOBS = (
    Described(
        "kizashi_jobs_ended_total",
        "counter",
        "Jobs that ended, by pipeline and outcome.",
        "worker",
        ("pipeline", "outcome"),
    ),
    Described(
        "kizashi_job_duration_seconds",
        "histogram",
        "Time from the start of a job to its end.",
        "worker",
        ("pipeline",),
        _JOB,
    ),
    Described(
        "kizashi_job_queue_wait_seconds",
        "histogram",
        "Time that a job had waited when it began.",
        "worker",
        ("pipeline",),
        _WAIT,
    ),
    Described(
        "kizashi_job_steps_ended_total",
        "counter",
        "Steps of jobs that ended, by pipeline and outcome.",
        "worker",
        ("pipeline", "outcome"),
    ),
    Described(
        "kizashi_job_step_duration_seconds",
        "histogram",
        "Time from the start of a step to its end, tries that failed included.",
        "worker",
        ("pipeline",),
        _STEP,
    ),
    Described(
        "kizashi_job_retries_total",
        "counter",
        "Tries of a step, or of what lies between steps, that were made again.",
        "worker",
        ("pipeline",),
    ),
    Described(
        "kizashi_engine_tasks_total",
        "counter",
        "Tasks that came back from Ray, by outcome (done, lost).",
        "worker",
        ("outcome",),
    ),
    Described(
        "kizashi_surprise",
        "histogram",
        "Surprise of readings that scoring jobs judged.",
        "worker",
        (),
        SURPRISE,
    ),
    Described(
        "kizashi_events_raised_total",
        "counter",
        "Events that scoring jobs opened, by kind and severity.",
        "worker",
        ("kind", "severity"),
    ),
    Described(
        "kizashi_alert_deliveries_total",
        "counter",
        "Deliveries of alerts, by kind of channel and outcome (sent, failed, dropped); failed "
        "ones are tried again.",
        "worker",
        ("kind", "outcome"),
    ),
)
_SITE = (
    Described(
        "kizashi_build_info",
        "gauge",
        "Version of the appliance; always 1.",
        "web",
        ("version",),
    ),
    Described(
        "kizashi_scrape_duration_seconds",
        "gauge",
        "Time that it took to look each group of facts up, when it was looked up last.",
        "web",
        ("group",),
    ),
    Described("kizashi_jobs", "gauge", "Jobs that wait or run, by state.", "web", ("state",)),
    Described(
        "kizashi_jobs_longest_wait_seconds",
        "gauge",
        "How long the job has waited that has waited longest; 0 if none waits.",
        "web",
    ),
    Described("kizashi_workers", "gauge", "Workers that give signs of life.", "web"),
    Described("kizashi_job_slots", "gauge", "Jobs that all workers can run at once.", "web"),
    Described(
        "kizashi_fleet_assets", "gauge", "Machines that have readings.", "web", ("fleet",)
    ),
    Described(
        "kizashi_readings_ingested_total",
        "counter",
        "Readings that were added to the lake.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_readings_quarantined_total",
        "counter",
        "Rows of files that could not be used.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_readings_age_seconds",
        "gauge",
        "Age of the newest reading, where times are by the clock.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_readings_scored_total",
        "counter",
        "Readings that finished scoring runs looked at.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_readings_alarmed_total",
        "counter",
        "Readings that finished scoring runs found at or above their threshold.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_source_up",
        "gauge",
        "1 where a source is fine, 0 where it fails or never looked; paused ones have none.",
        "web",
        ("source", "kind"),
    ),
    Described(
        "kizashi_source_lag_seconds",
        "gauge",
        "Age of the newest reading that a source brought.",
        "web",
        ("source", "kind"),
    ),
    Described(
        "kizashi_source_rows_total",
        "counter",
        "Rows that a source brought.",
        "web",
        ("source", "kind"),
    ),
    Described(
        "kizashi_source_refused_total",
        "counter",
        "Messages or rows of a source that could not be used.",
        "web",
        ("source", "kind"),
    ),
    Described(
        "kizashi_model_versions", "gauge", "Versions of a fleet's model.", "web", ("fleet",)
    ),
    Described(
        "kizashi_model_champion_age_seconds",
        "gauge",
        "Time since the champion was trained.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_model_alarm_ratio",
        "gauge",
        "Share of a fleet's judged readings of its latest 7 days with an alarm.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_model_assets_alarming",
        "gauge",
        "Machines with alarms in over a twentieth of their judged readings of the fleet's "
        "latest 7 days.",
        "web",
        ("fleet",),
    ),
    Described(
        "kizashi_events_waiting",
        "gauge",
        "Events that nobody has closed or muted, by kind and severity.",
        "web",
        ("kind", "severity"),
    ),
    Described(
        "kizashi_alerts_waiting",
        "gauge",
        "Deliveries of alerts that are still to be made.",
        "web",
    ),
)
_STORES = (
    Described("kizashi_database_size_bytes", "gauge", "Size of the metadata database.", "web"),
    Described(
        "kizashi_database_connections",
        "gauge",
        "Connections of the web process to the database, by state.",
        "web",
        ("state",),
    ),
    Described("kizashi_database_ping_seconds", "gauge", "Time of a query for nothing.", "web"),
    Described(
        "kizashi_lake_files", "gauge", "Files of the lake's tables now.", "web", ("table",)
    ),
    Described(
        "kizashi_lake_size_bytes",
        "gauge",
        "Bytes of the files of the lake's tables now.",
        "web",
        ("table",),
    ),
    Described(
        "kizashi_lake_commits_total",
        "counter",
        "Commits to the lake's tables.",
        "web",
        ("table",),
    ),
    Described(
        "kizashi_home_size_bytes",
        "gauge",
        "Disk that parts of the home take.",
        "web",
        ("part",),
    ),
    Described("kizashi_host_cpu_ratio", "gauge", "Share of the processors at work.", "web"),
    Described("kizashi_host_load", "gauge", "Processes that want a processor.", "web"),
    Described("kizashi_host_cpus", "gauge", "Processors of the machine.", "web"),
    Described("kizashi_host_memory_bytes", "gauge", "Memory of the machine.", "web"),
    Described("kizashi_host_memory_used_bytes", "gauge", "Memory in use.", "web"),
    Described("kizashi_host_disk_bytes", "gauge", "Disk that the home is on.", "web"),
    Described("kizashi_host_disk_free_bytes", "gauge", "What is free of that disk.", "web"),
    Described(
        "kizashi_role_cpu_cores",
        "gauge",
        "Processors that a role uses with all that it started, over the last 15 seconds.",
        "web",
        ("role",),
    ),
    Described(
        "kizashi_role_memory_bytes",
        "gauge",
        "Memory that would be free without a role and all that it started.",
        "web",
        ("role",),
    ),
)
_COST = (
    Described(
        "kizashi_cost_yen_total",
        "counter",
        "What was ever paid for runs, by project and pipeline, and for storage; where prices "
        "are in yen.",
        "web",
        ("project", "pipeline"),
    ),
    Described(
        "kizashi_cost_machines_yen_total",
        "counter",
        "What machines ever cost; beyond what runs paid it was idle.",
        "web",
    ),
)
_PROCESS = (
    Described(
        "kizashi_process_cpu_seconds_total",
        "counter",
        "Processor time of a role's own processes, and of those they started that have ended.",
        "",
        ("role",),
    ),
    Described(
        "kizashi_process_resident_memory_bytes",
        "gauge",
        "Resident memory of a role's own processes.",
        "",
        ("role",),
    ),
    Described(
        "kizashi_process_open_fds",
        "gauge",
        "Open file descriptors of a role's own processes.",
        "",
        ("role",),
    ),
    Described(
        "kizashi_process_threads", "gauge", "Threads of a role's own processes.", "", ("role",)
    ),
    Described(
        "kizashi_process_start_time_seconds",
        "gauge",
        "When the oldest of a role's own processes began, in seconds since 1970.",
        "",
        ("role",),
    ),
)
_RAY = (
    Described("kizashi_ray_nodes", "gauge", "Machines of Ray, by state.", "ray", ("state",)),
    Described("kizashi_ray_cpus", "gauge", "Tasks that Ray may run at once.", "ray"),
    Described("kizashi_ray_cpus_used", "gauge", "Tasks that Ray runs.", "ray"),
    Described("kizashi_ray_memory_bytes", "gauge", "Memory that Ray may give to tasks.", "ray"),
    Described(
        "kizashi_ray_memory_used_bytes", "gauge", "Memory that tasks of Ray asked for.", "ray"
    ),
    Described(
        "kizashi_ray_looked_time_seconds",
        "gauge",
        "When Ray's machines were looked at last, in seconds since 1970.",
        "ray",
    ),
    Described(
        "kizashi_ray_processes",
        "gauge",
        "Processes that Ray has started on this machine.",
        "ray",
    ),
    Described(
        "kizashi_ray_processes_memory_bytes",
        "gauge",
        "Resident memory of the processes that Ray has started on this machine.",
        "ray",
    ),
)
METRICS = (*_HTTP, *_JOBS, *_SITE, *_STORES, *_COST, *_PROCESS, *_RAY)
BY_NAME = {one.name: one for one in METRICS}
