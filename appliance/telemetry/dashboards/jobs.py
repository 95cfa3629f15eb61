"""Jobs: the queue, how jobs end, how long they take."""

from __future__ import annotations

from appliance.telemetry.dashboards.panels import Dashboard, Panel, Query

_RATE = "$__rate_interval"
_RANGE = "$__range"


def _quantiles(name: str) -> tuple[Query, ...]:
    return (
        Query(
            f"histogram_quantile(0.95, sum by (pipeline, le) (rate({name}_bucket[{_RANGE}])))",
            "{{pipeline}}",
        ),
    )


DASHBOARD = Dashboard(
    uid="kizashi-jobs",
    title="Kizashi: jobs",
    panels=(
        Panel(
            "Queue",
            "Jobs that wait or run, and what all workers can run at once.",
            (
                Query("max by (state) (kizashi_jobs)", "{{state}}"),
                Query("max(kizashi_job_slots)", "at once"),
            ),
        ),
        Panel(
            "Longest wait",
            "Set more `jobs_at_once`, or end jobs that are not needed.",
            (Query("max(kizashi_jobs_longest_wait_seconds)", "waits"),),
            unit="s",
        ),
        Panel(
            "Ended",
            "Over the time shown, by pipeline and outcome.",
            (
                Query(
                    "sum by (pipeline, outcome) "
                    f"(increase(kizashi_jobs_ended_total[{_RANGE}])) > 0",
                    "{{pipeline}} {{outcome}}",
                ),
            ),
            kind="bargauge",
        ),
        Panel(
            "Failed",
            "Each tells why: `kizashi jobs --state failed`.",
            (
                Query(
                    "sum by (pipeline) "
                    f'(increase(kizashi_jobs_ended_total{{outcome="failed"}}[{_RATE}]))',
                    "{{pipeline}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Time of jobs",
            "That 95 of a hundred end within, over the time shown.",
            _quantiles("kizashi_job_duration_seconds"),
            unit="s",
        ),
        Panel(
            "Wait in the queue",
            "That 95 of a hundred begin within, over the time shown.",
            _quantiles("kizashi_job_queue_wait_seconds"),
            unit="s",
        ),
        Panel(
            "Time of steps",
            "That 95 of a hundred end within, over the time shown.",
            _quantiles("kizashi_job_step_duration_seconds"),
            unit="s",
        ),
        Panel(
            "Steps",
            "That ended, by outcome.",
            (
                Query(
                    f"sum by (outcome) (increase(kizashi_job_steps_ended_total[{_RATE}]))",
                    "{{outcome}}",
                ),
            ),
            stacked=True,
        ),
        Panel(
            "Tried again",
            "What failed for a moment: a database, a lock, Ray.",
            (
                Query(
                    f"sum by (pipeline) (increase(kizashi_job_retries_total[{_RATE}]))",
                    "{{pipeline}}",
                ),
            ),
        ),
        Panel(
            "Tasks of Ray",
            "That came back; lost ones ran out of memory or were killed.",
            (
                Query(
                    f"sum by (outcome) (rate(kizashi_engine_tasks_total[{_RATE}]))",
                    "{{outcome}}",
                ),
            ),
            unit="ops",
        ),
        Panel(
            "Workers",
            "That give signs of life.",
            (Query("max(kizashi_workers)", "workers"),),
            kind="stat",
        ),
    ),
)
