"""Recording and alert rules of Prometheus."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

_DAY = 86_400


@dataclass(frozen=True)
class Record:
    """A figure that is worked out ahead of those who look."""

    name: str
    expr: str


@dataclass(frozen=True)
class Alert:
    """Something that somebody should know of.

    Attributes
    ----------
    lasting
        For how long it must be so.
    summary
        What it is.
    remedy
        What to do.
    """

    name: str
    expr: str
    lasting: str
    severity: Literal["warning", "critical"]
    summary: str
    remedy: str


RECORDS = (
    Record(
        "kizashi:http_requests:rate5m",
        "sum by (status) (rate(kizashi_http_requests_total[5m]))",
    ),
    Record(
        "kizashi:http_errors:ratio5m",
        '(sum(rate(kizashi_http_requests_total{status="5xx"}[5m])) or vector(0)) '
        "/ sum(rate(kizashi_http_requests_total[5m]))",
    ),
    Record(
        "kizashi:http_request_duration_seconds:p95_5m",
        "histogram_quantile(0.95, sum by (le) "
        "(rate(kizashi_http_request_duration_seconds_bucket[5m])))",
    ),
    Record(
        "kizashi:jobs_ended:increase1h",
        "sum by (pipeline, outcome) (increase(kizashi_jobs_ended_total[1h]))",
    ),
    Record(
        "kizashi:readings_ingested:rate5m",
        "max by (fleet) (rate(kizashi_readings_ingested_total[5m]))",
    ),
    Record(
        "kizashi:readings_quarantined:ratio1h",
        "max by (fleet) (increase(kizashi_readings_quarantined_total[1h])) "
        "/ (max by (fleet) (increase(kizashi_readings_quarantined_total[1h])) "
        "+ max by (fleet) (increase(kizashi_readings_ingested_total[1h])) > 0)",
    ),
    Record(
        "kizashi:host_disk_free:ratio",
        "min(kizashi_host_disk_free_bytes) / min(kizashi_host_disk_bytes)",
    ),
)
ALERTS = (
    Alert(
        "KizashiDown",
        'up{job="kizashi"} == 0',
        "2m",
        "critical",
        "{{ $labels.role }} does not answer.",
        "kizashi status, then kizashi logs {{ $labels.role }}",
    ),
    Alert(
        "KizashiNoWorker",
        "max(kizashi_workers) == 0",
        "2m",
        "critical",
        "no worker is running: jobs wait, schedules do not fire.",
        "kizashi up, then kizashi logs worker",
    ),
    Alert(
        "KizashiDiskFilling",
        f"predict_linear(kizashi_host_disk_free_bytes[6h], {_DAY}) < 0 "
        "and kizashi_host_disk_free_bytes < 0.25 * kizashi_host_disk_bytes",
        "30m",
        "warning",
        "the disk will be full within a day.",
        "Take old readings out (kizashi retention --days N), or make room.",
    ),
    Alert(
        "KizashiDiskFull",
        "kizashi_host_disk_free_bytes < 1e9",
        "1m",
        "critical",
        "less than 1 GB of the disk is free.",
        "Make room at once: nothing can be kept any more.",
    ),
    Alert(
        "KizashiMemoryLow",
        "kizashi_host_memory_bytes - kizashi_host_memory_used_bytes < 1e9",
        "10m",
        "warning",
        "less than 1 GB of memory is free.",
        "End other programs, or set fewer workers.",
    ),
    Alert(
        "KizashiJobsFail",
        'sum by (pipeline) (increase(kizashi_jobs_ended_total{outcome="failed"}[1h])) >= 3',
        "0m",
        "warning",
        "{{ $value | humanize }} jobs of {{ $labels.pipeline }} failed within an hour.",
        "Each tells why: kizashi jobs --state failed",
    ),
    Alert(
        "KizashiJobsWait",
        "max(kizashi_jobs_longest_wait_seconds) > 3600",
        "5m",
        "warning",
        "a job has waited for {{ $value | humanizeDuration }}.",
        "End jobs that are not needed, or set more jobs_at_once.",
    ),
    Alert(
        "KizashiSourceFails",
        "max by (source) (kizashi_source_up) == 0",
        "15m",
        "warning",
        "source {{ $labels.source }} fails.",
        "kizashi source show {{ $labels.source }} tells why.",
    ),
    Alert(
        "KizashiSourceLags",
        "max by (source) (kizashi_source_lag_seconds) > 3600",
        "15m",
        "warning",
        "source {{ $labels.source }} brought nothing for {{ $value | humanizeDuration }}.",
        "Look at the machine that sends.",
    ),
    Alert(
        "KizashiRowsRefused",
        "kizashi:readings_quarantined:ratio1h > 0.1",
        "5m",
        "warning",
        "{{ $value | humanizePercentage }} of the rows of {{ $labels.fleet }} are refused.",
        "kizashi quarantine {{ $labels.fleet }} tells why.",
    ),
    Alert(
        "KizashiModelOld",
        f"max by (fleet) (kizashi_model_champion_age_seconds) > {180 * _DAY}",
        "1h",
        "warning",
        "the champion of {{ $labels.fleet }} is half a year old.",
        "kizashi retrain {{ $labels.fleet }} looks whether a new one is better.",
    ),
    Alert(
        "KizashiAlarmsMuch",
        "max by (fleet) (kizashi_model_alarm_ratio) > 0.05",
        "1h",
        "warning",
        "{{ $value | humanizePercentage }} of the readings of {{ $labels.fleet }} are alarms.",
        "Its normal may have changed: look at its events, then kizashi retrain.",
    ),
    Alert(
        "KizashiAlertsFail",
        'sum by (kind) (increase(kizashi_alert_deliveries_total{outcome="failed"}[30m])) > 0 '
        "and on () max(kizashi_alerts_waiting) > 0",
        "15m",
        "warning",
        "alerts cannot be delivered by {{ $labels.kind }}.",
        "kizashi channel deliveries --state waiting tells why.",
    ),
    Alert(
        "KizashiErrors",
        "kizashi:http_errors:ratio5m > 0.05",
        "10m",
        "warning",
        "{{ $value | humanizePercentage }} of the requests end with an error of ours.",
        "kizashi logs web",
    ),
    Alert(
        "KizashiSlow",
        "kizashi:http_request_duration_seconds:p95_5m > 2",
        "10m",
        "warning",
        "one request of twenty takes longer than 2 s.",
        "Look at processors, memory and the database on the dashboard of the platform.",
    ),
    Alert(
        "KizashiDatabaseSlow",
        "max(kizashi_database_ping_seconds) > 1",
        "10m",
        "warning",
        "the database takes longer than 1 s for nothing.",
        "Look at its disk, and who else uses it.",
    ),
    Alert(
        "KizashiRayNodeLost",
        'max(kizashi_ray_nodes{state="lost"}) > 0',
        "5m",
        "warning",
        "machines of Ray are lost.",
        "Start them again; their work is done by the others meanwhile.",
    ),
)
RULES = (*RECORDS, *ALERTS)


def written(rules: Sequence[Record | Alert]) -> str:
    """Return rules as Prometheus reads them."""
    return "\n".join(_lines(rules)) + "\n"


def _lines(rules: Sequence[Record | Alert]) -> Iterator[str]:
    yield "# Written by python -m appliance.telemetry.dashboards: change the code, not this."
    yield "groups:"
    yield "  - name: kizashi.records"
    yield "    rules:"
    for rule in rules:
        if isinstance(rule, Record):
            yield f"      - record: {rule.name}"
            yield f"        expr: {json.dumps(rule.expr)}"
    yield "  - name: kizashi.alerts"
    yield "    rules:"
    for rule in rules:
        if isinstance(rule, Alert):
            yield f"      - alert: {rule.name}"
            yield f"        expr: {json.dumps(rule.expr)}"
            yield f"        for: {rule.lasting}"
            yield f"        labels: {{severity: {rule.severity}}}"
            yield "        annotations:"
            yield f"          summary: {json.dumps(rule.summary)}"
            yield f"          remedy: {json.dumps(rule.remedy)}"
