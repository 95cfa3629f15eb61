"""Figures over time, put together into charts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appliance.schemas.platform import Metric, MetricHistory, Platform, PlatformHistory
from ui.components.plot import Curve
from ui.platform.words import role_name
from ui.text import t

_GB, _MB = 1e9, 1e6
_ROLES = ("web", "worker", "ray")
_GROUPS: Mapping[str, tuple[Metric, ...]] = {
    "cpu": (Metric.HOST_CPU,),
    "memory": (Metric.HOST_MEMORY,),
    "role_cpu": (Metric.WEB_CPU, Metric.WORKER_CPU, Metric.RAY_CPU),
    "role_memory": (Metric.WEB_MEMORY, Metric.WORKER_MEMORY, Metric.RAY_MEMORY),
    "jobs": (Metric.JOBS_RUNNING, Metric.JOBS_QUEUED),
    "disk": (Metric.HOST_DISK,),
    "throughput": (Metric.HOST_READ, Metric.HOST_WRITTEN),
}
METRICS = tuple(metric for group in _GROUPS.values() for metric in group)


@dataclass(frozen=True)
class Chart:
    """Curves over the same time.

    Attributes
    ----------
    high
        What the axis reaches at least; as far as the curves do if none.
    """

    name: str
    unit: str
    curves: Sequence[Curve]
    stacked: bool = False
    high: float | None = None


def charts(found: PlatformHistory, told: Platform) -> list[Chart]:
    """Return the charts of some figures.

    Parameters
    ----------
    told
        How large the machine is.
    """
    by = {one.metric: one for one in found.metrics}
    host = told.host
    memory = host.memory_bytes / _GB if host else None
    disk = host.disk_bytes / _GB if host else None
    return [
        Chart("cpu", "%", _range(by[Metric.HOST_CPU], 0.01), high=100.0),
        Chart("memory", "GB", _range(by[Metric.HOST_MEMORY], _GB), high=memory),
        Chart("role_cpu", t("platform.unit_cores"), _roles(by, "role_cpu", 1.0), stacked=True),
        Chart("role_memory", "GB", _roles(by, "role_memory", _GB), stacked=True),
        Chart(
            "jobs",
            "",
            [
                Curve(t("platform.curve_running"), _most(by[Metric.JOBS_RUNNING], 1.0)),
                Curve(t("platform.curve_queued"), _most(by[Metric.JOBS_QUEUED], 1.0)),
            ],
            high=2.0,
        ),
        Chart("disk", "GB", [_filled(by[Metric.HOST_DISK], _GB)], high=disk),
        Chart(
            "throughput",
            "MB/s",
            [
                Curve(t("platform.curve_read"), _mean(by[Metric.HOST_READ], _MB)),
                Curve(t("platform.curve_written"), _mean(by[Metric.HOST_WRITTEN], _MB)),
            ],
        ),
    ]


def _range(one: MetricHistory, unit: float) -> list[Curve]:
    """Return the mean, and the highest beside it."""
    return [
        Curve(t("platform.curve_mean"), _mean(one, unit), fill=True),
        Curve(t("platform.curve_most"), _most(one, unit), dashed=True),
    ]


def _roles(by: Mapping[Metric, MetricHistory], group: str, unit: float) -> list[Curve]:
    return [
        Curve(role_name(role), _mean(by[metric], unit), fill=True)
        for role, metric in zip(_ROLES, _GROUPS[group], strict=True)
        if any(value is not None for value in by[metric].mean)
    ]


def _filled(one: MetricHistory, unit: float) -> Curve:
    return Curve(t("platform.curve_used"), _most(one, unit), fill=True)


def _mean(one: MetricHistory, unit: float) -> list[float | None]:
    return [None if value is None else value / unit for value in one.mean]


def _most(one: MetricHistory, unit: float) -> list[float | None]:
    return [None if value is None else value / unit for value in one.most]
