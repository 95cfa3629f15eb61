"""Metrics made of facts, and the text that Prometheus reads."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeAlias

import psutil  # type: ignore[import-untyped]
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from appliance.metrics.catalog import BY_NAME
from appliance.metrics.described import MOST_FLEETS, OTHER

Family: TypeAlias = Metric
MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
Values: TypeAlias = (
    Mapping[tuple[str, ...], float]
    | Mapping[tuple[str], float]
    | Mapping[tuple[str, str], float]
)


def family(name: str, values: float | Values) -> Family:
    """Return a metric of the catalogue.

    Parameters
    ----------
    values
        By the values of its labels, in their order; one number where it has none.
    """
    told = BY_NAME[name]
    made = Metric(told.family, told.help, told.kind)
    found = {(): values} if isinstance(values, int | float) else values
    for labels, value in sorted(found.items()):
        if math.isfinite(value):
            made.add_sample(name, dict(zip(told.labels, labels, strict=True)), value)
    return made


def bounded(values: Mapping[str, float], named: Collection[str]) -> Values:
    """Return values by fleet; those of fleets that are not named are one sum."""
    found: dict[tuple[str, ...], float] = {}
    for fleet, value in values.items():
        key = (fleet if fleet in named else OTHER,)
        found[key] = found.get(key, 0.0) + value
    return found


def named(fleets: Iterable[str]) -> frozenset[str]:
    """Return the fleets that are told one by one: the first by name."""
    return frozenset(sorted(fleets)[:MOST_FLEETS])


class _Given(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        """Return what was given, each metric once."""
        merged: dict[str, Family] = {}
        for one in self._families:
            if one.name in merged:
                merged[one.name].samples.extend(one.samples)
            elif one.samples:
                merged[one.name] = one
        return [merged[name] for name in sorted(merged)]


def exposition(families: Iterable[Family]) -> bytes:
    """Return metrics as Prometheus reads them (text format 0.0.4)."""
    return bytes(generate_latest(_Given(families)))


def of_processes(role: str, processes: Iterable[psutil.Process]) -> Iterator[Family]:
    """Yield what the own processes of a role use; nothing where there is none."""
    cpu = memory = files = threads = 0.0
    began = math.inf
    for one in processes:
        try:
            with one.oneshot():
                cpu += sum(one.cpu_times()[:4])
                memory += one.memory_info().rss
                files += one.num_fds()
                threads += one.num_threads()
                began = min(began, one.create_time())
        except psutil.Error:
            continue  # it has just ended
    if math.isfinite(began):
        key = (role,)
        yield family("kizashi_process_cpu_seconds_total", {key: cpu})
        yield family("kizashi_process_resident_memory_bytes", {key: memory})
        yield family("kizashi_process_open_fds", {key: files})
        yield family("kizashi_process_threads", {key: threads})
        yield family("kizashi_process_start_time_seconds", {key: began})
