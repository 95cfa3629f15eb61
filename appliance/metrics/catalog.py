"""Every metric there is: its name, what it tells, and what it is told by."""

from __future__ import annotations

from appliance.metrics.described import SURPRISE, Described
from appliance.metrics.stores_catalog import STANDS_ON

_REQUEST = (0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0)
_JOB = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
_STEP = (0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0)
_WAIT = (0.1, 0.5, 2.0, 10.0, 60.0, 300.0, 1_800.0, 7_200.0)

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
METRICS = (*_HTTP, *_JOBS, *_SITE, *STANDS_ON)
BY_NAME = {one.name: one for one in METRICS}
