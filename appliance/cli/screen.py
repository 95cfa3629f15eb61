"""What `kizashi top` shows, as lines of text: no more than fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from appliance.schemas.cost import Costs, money
from appliance.schemas.job import Job
from appliance.schemas.platform import (
    Host,
    JobNow,
    Metric,
    Platform,
    PlatformHistory,
    Queue,
    Trouble,
)

METRICS = (Metric.HOST_CPU, Metric.HOST_MEMORY, Metric.HOST_DISK, Metric.JOBS_RUNNING)
_GB = 1e9
_BLOCKS = "▁▂▃▄▅▆▇█"
_BAR = 12
_MOST_TROUBLES, _MOST_WAITING = 6, 5
_STYLES = {"broken": "bold red", "warning": "yellow", "note": "dim"}
_MARKS = {"broken": "✗", "warning": "!", "note": "·"}
"""Not by colour alone."""


@dataclass(frozen=True)
class Snapshot:
    """What is shown.

    Attributes
    ----------
    history, costs
        None for those who may not know.
    """

    platform: Platform
    history: PlatformHistory | None
    running: tuple[Job, ...]
    waiting: tuple[Job, ...]
    costs: Costs | None


def as_plain(told: Snapshot) -> dict[str, Any]:
    """Return the same as plain JSON."""
    costs = None
    if told.costs is not None:
        costs = told.costs.model_dump(mode="json", exclude={"days"})
    return {
        "platform": told.platform.model_dump(mode="json"),
        "history": None if told.history is None else told.history.model_dump(mode="json"),
        "running": [_job(one) for one in told.running],
        "waiting": [_job(one) for one in told.waiting],
        "costs": costs,
    }


def _job(one: Job) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude={"arguments", "result", "steps"})


def lines(
    told: Snapshot, zone: ZoneInfo, width: int, *, leave: bool = False, wrong: str = ""
) -> list[Text]:
    """Return what is shown, the most important first.

    Parameters
    ----------
    leave
        Whether it is said how one leaves.
    wrong
        Why the site could not be looked at anew.
    """
    now = told.platform
    found = [_head(now, zone, leave=leave)]
    if wrong:
        found.append(Text(wrong, "bold red"))
    if now.host is not None:
        found += _figures(now.host, told.history, width)
    found.append(_queue(now.queue, now.at))
    if told.costs is not None:
        found.append(_cost(told.costs))
    found += _troubles(now.troubles)
    found += _nodes(now)
    found += _work(told)
    found += _waiting(told.waiting, now.at)
    for line in found:
        line.truncate(width, overflow="ellipsis")
    return found


def _head(now: Platform, zone: ZoneInfo, *, leave: bool) -> Text:
    at = now.at.astimezone(zone)
    name = now.host.name if now.host else "kizashi"
    text = Text.assemble((name, "bold"), f"  Kizashi {now.version}  {at:%Y-%m-%d %H:%M:%S %Z}")
    return text.append("   q leaves", "dim") if leave else text


def _figures(host: Host, history: PlatformHistory | None, width: int) -> Iterator[Text]:
    curves = {one.metric: one.most for one in history.metrics} if history else {}
    room = max(min(width - 50, 60), 8)
    cpu = "–" if host.cpu_ratio is None else f"{host.cpu_ratio:.0%}"
    disk = host.disk_bytes - host.disk_free_bytes
    rows: tuple[tuple[str, Metric, float, str], ...] = (
        ("processor", Metric.HOST_CPU, 1.0, f"{cpu} of {host.cpus} cores"),
        (
            "memory",
            Metric.HOST_MEMORY,
            float(host.memory_bytes),
            f"{_size(host.memory_used_bytes)} of {_size(host.memory_bytes)}",
        ),
        (
            "disk",
            Metric.HOST_DISK,
            float(host.disk_bytes),
            f"{_size(disk)} of {_size(host.disk_bytes)}",
        ),
    )
    for name, metric, most, value in rows:
        drawn = sparkline(curves.get(metric, ()), room, most)
        yield Text.assemble(f"{name:<10} ", (drawn, "cyan"), f"  {value}")


def sparkline(values: Sequence[float | None], width: int, most: float) -> str:
    """Return the last values as blocks, a blank for none; `most` is a full one."""
    few = list(values)[-width:]
    drawn = "".join(
        " " if value is None else _BLOCKS[min(int(max(value, 0.0) / most * 8), 7)]
        for value in few
    )
    return drawn.rjust(width)


def _queue(queue: Queue, at: datetime) -> Text:
    waits = (
        "" if queue.oldest is None else f" (for {_span((at - queue.oldest).total_seconds())})"
    )
    return Text(
        f"jobs       {queue.running} at work, {queue.queued} waiting{waits}, "
        f"{queue.failed} failed within a day; "
        f"{queue.workers} workers, {queue.at_once} jobs each"
    )


def _cost(costs: Costs) -> Text:
    told = (
        f"cost       {money(costs.allocated, costs.currency)} for runs and storage this month"
    )
    if costs.total is not None:
        told += f", {money(costs.total, costs.currency)} for all machines"
    if costs.forecast is not None:
        told += f"; {money(costs.forecast, costs.currency)} at its end"
    return Text(told)


def _troubles(found: Sequence[Trouble]) -> Iterator[Text]:
    yield Text()
    if not found:
        yield Text("nothing needs care", "green")
        return
    yield Text("what needs care", "bold")
    for one in found[:_MOST_TROUBLES]:
        yield Text(f" {_MARKS[one.severity]} {one.text}", _STYLES[one.severity])
        yield Text(f"   → {one.remedy}", "dim")
    if len(found) > _MOST_TROUBLES:
        yield Text(f"   and {len(found) - _MOST_TROUBLES} more", "dim")


def _nodes(now: Platform) -> Iterator[Text]:
    if now.cluster is None or not now.cluster.nodes:
        return
    yield Text()
    yield Text(_row(("machine of Ray", 28), ("tasks", 12), ("memory reserved", 20)), "bold")
    for one in now.cluster.nodes:
        tasks = f"{one.cpus_used:g} of {one.cpus:g}" if one.alive else "lost"
        memory = f"{_size(one.memory_used_bytes)} of {_size(one.memory_bytes)}"
        style = "" if one.alive else "bold red"
        yield Text(_row((f" {one.name}", 28), (tasks, 12), (memory, 20)), style)


def _work(told: Snapshot) -> Iterator[Text]:
    yield Text()
    if not told.platform.workers:
        yield Text("jobs at work" if told.running else "no job is at work", "bold")
        for job in told.running:
            yield Text(_row((f" {job.pipeline} {job.fleet or ''}", 30), (job.id, 26)))
        return
    yield Text(_row(("worker", 20), ("job", 30), ("step", 24), ("done", _BAR + 8)), "bold")
    for worker in told.platform.workers:
        name = worker.name or "(none)"
        if not worker.jobs:
            yield Text(_row((f" {name}", 20), ("–", 30)), "dim")
        for own in worker.jobs:
            yield Text(_at_work(name, own, told.platform.at))
            name = ""


def _at_work(worker: str, job: JobNow, at: datetime) -> str:
    took = "" if job.started is None else _span((at - job.started).total_seconds())
    return _row(
        (f" {worker}", 20),
        (f"{job.pipeline} {job.fleet or ''}", 30),
        (job.step, 24),
        (_done(job), _BAR + 8),
        (took, 10),
    )


def _done(job: JobNow) -> str:
    if not job.total:
        return f"{job.done:,}" if job.done else ""
    share = min(job.done / job.total, 1.0)
    full = int(share * _BAR)
    return f"{'█' * full}{'░' * (_BAR - full)} {share:>4.0%}"


def _waiting(found: Sequence[Job], at: datetime) -> Iterator[Text]:
    if not found:
        return
    yield Text()
    yield Text("waiting", "bold")
    for one in list(reversed(found))[:_MOST_WAITING]:
        waits = _span((at - one.created).total_seconds())
        yield Text(_row((f" {one.pipeline} {one.fleet or ''}", 30), (one.by, 24), (waits, 10)))
    if len(found) > _MOST_WAITING:
        yield Text(f" and {len(found) - _MOST_WAITING} more", "dim")


def _row(*cells: tuple[str, int]) -> str:
    return "".join(
        set_cell_size(text, width - 1) + " "
        if cell_len(text) >= width
        else set_cell_size(text, width)
        for text, width in cells
    ).rstrip()


def _size(count: float) -> str:
    return f"{count / _GB:,.1f} GB"


def _span(seconds: float) -> str:
    seconds = max(seconds, 0.0)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3_600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"
