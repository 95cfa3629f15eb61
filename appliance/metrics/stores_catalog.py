"""Metrics of what the platform stands on: stores, machine, processes, Ray; and their cost."""

from __future__ import annotations

from appliance.metrics.described import Described

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
STANDS_ON = (*_STORES, *_COST, *_PROCESS, *_RAY)
