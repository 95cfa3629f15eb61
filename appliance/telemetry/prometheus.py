"""The history of the platform's figures, read from a Prometheus that scrapes the site."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from appliance.core.errors import OperatorError
from appliance.core.settings import Settings
from appliance.schemas.platform import (
    PARTS,
    PROCESS_ROLES,
    Metric,
    MetricHistory,
    PlatformHistory,
)

_SECONDS = 10.0
_SCRAPED = 15
"""Seconds between two scrapes."""
_SAMPLES = 60
"""Values of a stretch that are looked at, at most: a year has two million."""
_LABEL = "kizashi_figure"
_SUMMARIES = {"mean": "avg_over_time", "least": "min_over_time", "most": "max_over_time"}
_AT_WORK = 'sum(max by (state) (kizashi_jobs{state=~"running|cancelling"}))'
EXPRESSIONS: Mapping[Metric, str] = {
    Metric.HOST_CPU: "max(kizashi_host_cpu_ratio)",
    Metric.HOST_LOAD: "max(kizashi_host_load)",
    Metric.HOST_MEMORY: "max(kizashi_host_memory_used_bytes)",
    Metric.HOST_DISK: "max(kizashi_host_disk_bytes) - max(kizashi_host_disk_free_bytes)",
    Metric.JOBS_QUEUED: 'max(kizashi_jobs{state="queued"})',
    Metric.JOBS_RUNNING: _AT_WORK,
    Metric.JOBS_WAITED: "max(kizashi_jobs_longest_wait_seconds)",
    Metric.JOBS_WORKERS: "max(kizashi_workers)",
    **{
        Metric(f"{role}_{what}"): f'max(kizashi_role_{what}{{role="{role}"}})'
        for role in PROCESS_ROLES
        for what in ("cpu_cores", "memory_bytes")
    },
    **{
        Metric(f"{part}_size_bytes"): f'max(kizashi_home_size_bytes{{part="{part}"}})'
        for part in PARTS
    },
}
"""What each figure is called there; those that are not here the site tells itself."""


class Prometheus:
    """Asks a Prometheus.

    Parameters
    ----------
    settings
        That say where it is, and what it asks for.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.prometheus_url.rstrip('/')}/api/v1/query_range"
        token = settings.prometheus_token
        self._headers = (
            {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
        )

    def read(self, metrics: Sequence[Metric], own: PlatformHistory) -> PlatformHistory:
        """Return figures over the same stretches of time as the site's own history.

        Parameters
        ----------
        own
            Told of where Prometheus has nothing of a figure.

        Raises
        ------
        OperatorError
            It does not answer, or otherwise than a Prometheus does.
        """
        asked = [metric for metric in metrics if metric in EXPRESSIONS]
        if not asked or not own.times:
            return own
        found = self._asked(_query(asked, own.step_seconds), own)
        told = {one.metric: one for one in own.metrics}
        for metric in asked:
            kept = {how: found.get(f"{metric.value}:{how}") for how in _SUMMARIES}
            if any(values is not None for values in kept.values()):
                blank = (None,) * len(own.times)
                told[metric] = MetricHistory(
                    metric=metric, **{how: values or blank for how, values in kept.items()}
                )
        return own.model_copy(
            update={"metrics": tuple(told[one.metric] for one in own.metrics)}
        )

    def _asked(self, query: str, own: PlatformHistory) -> dict[str, tuple[float | None, ...]]:
        """Return the values of each series by the stretch that they end."""
        step = own.step_seconds
        # A stretch is told at its end: what Prometheus sums up lies before the moment asked of.
        ends = [moment.timestamp() + step for moment in own.times]
        form = {"query": query, "start": f"{ends[0]}", "end": f"{ends[-1]}", "step": f"{step}"}
        places = {round(end): place for place, end in enumerate(ends)}
        found: dict[str, tuple[float | None, ...]] = {}
        for series in self._result(form):
            values: list[float | None] = [None] * len(ends)
            for at, text in series["values"]:
                value, place = float(text), places.get(round(float(at)))
                if place is not None and math.isfinite(value):
                    values[place] = value
            found[series["metric"][_LABEL]] = tuple(values)
        return found

    def _result(self, form: dict[str, str]) -> list[dict[str, Any]]:
        try:
            with httpx2.Client(timeout=_SECONDS, follow_redirects=False) as client:
                answer = client.post(self._url, data=form, headers=self._headers)
                answer.raise_for_status()
                told = answer.json()
            result: list[dict[str, Any]] = told["data"]["result"]
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, KeyError, TypeError) as error:
            reason = str(error)[:300] or type(error).__name__
            raise OperatorError(
                f"Prometheus cannot be asked: {reason}.",
                remedy="Look at the settings prometheus_url and prometheus_token.",
            ) from error
        return result


def _query(metrics: Sequence[Metric], step: int) -> str:
    """Return one question for all figures: mean, least and most of each stretch."""
    fine = max(_SCRAPED, step // _SAMPLES)
    # Up to its third version Prometheus takes what lies at the very beginning in, too.
    span = step * 1_000 - 1
    parts = [
        f'label_replace({how}(({EXPRESSIONS[metric]})[{span}ms:{fine}s]), "{_LABEL}", '
        f'"{metric.value}:{name}", "", "")'
        for metric in metrics
        for name, how in _SUMMARIES.items()
    ]
    return " or ".join(parts)
