"""Platform: the machine, the roles, requests, the database, Ray."""

from __future__ import annotations

from appliance.telemetry.dashboards.panels import Dashboard, Panel, Query

_RATE = "$__rate_interval"
_SIZES = "max by (part) (kizashi_home_size_bytes)"

DASHBOARD = Dashboard(
    uid="kizashi-platform",
    title="Kizashi: platform",
    panels=(
        Panel(
            "Roles that answer",
            "1 for each role whose metrics can be had. `kizashi status` tells more.",
            (Query('max by (role) (up{job="kizashi"})', "{{role}}"),),
            kind="stat",
            width=8,
        ),
        Panel(
            "Disk that is free",
            "Take old readings out before it is used up: `kizashi retention`.",
            (
                Query(
                    "min(kizashi_host_disk_free_bytes) / min(kizashi_host_disk_bytes)", "free"
                ),
            ),
            unit="percentunit",
            kind="stat",
            width=8,
        ),
        Panel(
            "Version",
            "Of the appliance.",
            (Query("max by (version) (kizashi_build_info)", "{{version}}"),),
            kind="stat",
            width=8,
        ),
        Panel(
            "Processors at work",
            "Share of all processors of the machine.",
            (Query("max(kizashi_host_cpu_ratio)", "machine"),),
            unit="percentunit",
        ),
        Panel(
            "Processors by role",
            "With all that a role started: tasks of Ray count as `ray`.",
            (Query("max by (role) (kizashi_role_cpu_cores)", "{{role}}"),),
            stacked=True,
        ),
        Panel(
            "Memory",
            "In use, and what there is.",
            (
                Query("max(kizashi_host_memory_used_bytes)", "used"),
                Query("max(kizashi_host_memory_bytes)", "there is"),
            ),
            unit="bytes",
        ),
        Panel(
            "Memory by role",
            "That would be free without the role and all that it started.",
            (Query("max by (role) (kizashi_role_memory_bytes)", "{{role}}"),),
            unit="bytes",
            stacked=True,
        ),
        Panel(
            "Parts of the home",
            "Disk that each part takes.",
            (Query(_SIZES, "{{part}}"),),
            unit="bytes",
            stacked=True,
        ),
        Panel(
            "Files of the lake",
            "Many small ones are put together by `kizashi compact`.",
            (Query("max by (table) (kizashi_lake_files)", "{{table}}"),),
        ),
        Panel(
            "Requests",
            "Answered in a second, by class of status.",
            (
                Query(
                    f"sum by (status) (rate(kizashi_http_requests_total[{_RATE}]))",
                    "{{status}}",
                ),
            ),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Time of answers",
            "That half and 95 of a hundred requests are answered within.",
            tuple(
                Query(
                    f"histogram_quantile({q}, sum by (le) "
                    f"(rate(kizashi_http_request_duration_seconds_bucket[{_RATE}])))",
                    name,
                )
                for q, name in ((0.5, "half"), (0.95, "95 %"))
            ),
            unit="s",
        ),
        Panel(
            "Requests by route",
            "The ten that are asked for most.",
            (
                Query(
                    "topk(10, sum by (method, route) "
                    f"(rate(kizashi_http_requests_total[{_RATE}])))",
                    "{{method}} {{route}}",
                ),
            ),
            unit="reqps",
        ),
        Panel(
            "Under way",
            "Requests that are being answered, and open connections of pages.",
            (
                Query("sum(kizashi_http_requests_in_flight)", "requests"),
                Query("sum(kizashi_http_connections)", "pages"),
            ),
        ),
        Panel(
            "Database",
            "Time of a query for nothing.",
            (Query("max(kizashi_database_ping_seconds)", "ping"),),
            unit="s",
            width=8,
        ),
        Panel(
            "Connections to the database",
            "Of the web process.",
            (Query("sum by (state) (kizashi_database_connections)", "{{state}}"),),
            width=8,
        ),
        Panel(
            "Size of the database",
            "What it takes on the disk.",
            (Query("max(kizashi_database_size_bytes)", "size"),),
            unit="bytes",
            width=8,
        ),
        Panel(
            "Ray: tasks",
            "That run, and that may run at once.",
            (
                Query("sum(kizashi_ray_cpus_used)", "running"),
                Query("sum(kizashi_ray_cpus)", "at once"),
            ),
            width=8,
        ),
        Panel(
            "Ray: machines",
            "Start lost ones again; their work is done by the others meanwhile.",
            (Query("sum by (state) (kizashi_ray_nodes)", "{{state}}"),),
            width=8,
        ),
        Panel(
            "Ray: memory",
            "Of all its processes on this machine.",
            (Query("sum(kizashi_ray_processes_memory_bytes)", "resident"),),
            unit="bytes",
            width=8,
        ),
        Panel(
            "Processes: processor time",
            "Of each role's own processes.",
            (
                Query(
                    f"sum by (role) (rate(kizashi_process_cpu_seconds_total[{_RATE}]))",
                    "{{role}}",
                ),
            ),
            width=8,
        ),
        Panel(
            "Processes: memory",
            "Resident, of each role's own processes.",
            (Query("sum by (role) (kizashi_process_resident_memory_bytes)", "{{role}}"),),
            unit="bytes",
            width=8,
        ),
        Panel(
            "Processes: open files",
            "One that rises for days is a fault: send a support bundle.",
            (Query("sum by (role) (kizashi_process_open_fds)", "{{role}}"),),
            width=8,
        ),
    ),
)
