"""Costs of a site: estimated before a run, measured while it goes on, told afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Any, cast

from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, NotFound
from appliance.core.ids import new_id
from appliance.core.log import get
from appliance.engine.meter import Used
from appliance.pipelines.site import Site
from appliance.schemas.cost import Estimate, RunCost
from appliance.schemas.job import Job, JobState
from appliance.schemas.sensor import SensorRole
from appliance.telemetry.cost import allocation, estimate
from appliance.telemetry.cost.allocation import Expected, Run
from appliance.telemetry.cost.book import rates_here, rates_shipped
from appliance.telemetry.cost.estimate import Guess, Past, Size
from appliance.telemetry.cost.prices import GB, HOUR, Rates
from appliance.telemetry.recording import Recorder

_log = get(__name__)
_PAST = 30
_ARRIVALS = 200
_OWN = 5
"""Runs on the same fleet from which on those on others do not count."""
_GIGABYTES = 1.0
"""What a run is thought to hold where none tells."""


@dataclass(frozen=True)
class Begun:
    """What is known of a run when it begins."""

    run: str
    pipeline: str
    fleet: str | None
    project: str | None
    by: str
    attempt: int = 1
    arguments: Mapping[str, Any] | None = None


# ---------------------------------------------------------------- before
def size_of(
    site: Site, pipeline: str, fleet: str | None, arguments: Mapping[str, Any] | None = None
) -> Size:
    """Return how large what a run works on is; nothing where nobody can tell yet."""
    if fleet is None:
        return Size()
    try:
        facts = site.intake.assets.fleet(fleet)
    except NotFound:
        return Size()
    sensors = sum(one.role is SensorRole.SENSOR for one in site.intake.sensors(fleet))
    rows = facts.rows
    if pipeline == "score":
        rows = _unjudged(site, fleet, rows)
    told = arguments or {}
    part = _part(facts.start, facts.end, told.get("start"), told.get("end"))
    assets = len(told.get("assets") or ()) or facts.assets
    share = part * min(assets / max(facts.assets, 1), 1.0)
    return Size(round(rows * share), sensors, assets)


def _unjudged(site: Site, fleet: str, rows: int) -> int:
    """Return how many readings came since they were judged the last time."""
    last = site.costs.past("score", 1, now(), fleet)
    if not last:
        return rows
    came = site.intake.arrivals(fleet, None, _ARRIVALS)
    return sum(one.rows for one in came if one.finished >= last[0].started)


def _part(start: datetime, end: datetime, first: Any, last: Any) -> float:
    """Return which part of all readings lies in the time that was asked for."""
    try:
        since = datetime.fromisoformat(str(first)) if first else start
        until = datetime.fromisoformat(str(last)) if last else end
        inside = (min(until, end) - max(since, start)).total_seconds()
    except (ValueError, TypeError):
        return 1.0
    whole = (end - start).total_seconds()
    return min(max(inside / whole, 0.0), 1.0) if whole > 0 else 1.0


def expected(
    site: Site, pipeline: str, fleet: str | None, arguments: Mapping[str, Any] | None = None
) -> Estimate:
    """Return how long a run will take and what it will cost.

    Raises
    ------
    InvalidRequest
        There is no such pipeline, or the prices cannot be read.
    """
    if pipeline not in site.jobs.terms:
        raise InvalidRequest(
            f"there is no pipeline {pipeline!r}.",
            remedy=f"There are: {', '.join(site.jobs.terms)}.",
        )
    size = size_of(site, pipeline, fleet, arguments)
    return _expected(site, rates_here(site.settings), pipeline, fleet, size)


def _expected(
    site: Site, rates: Rates, pipeline: str, fleet: str | None, size: Size
) -> Estimate:
    known = site.costs.past(pipeline, _PAST, now(), fleet)
    if len(known) < _OWN:
        known = site.costs.past(pipeline, _PAST, now())
    found = estimate.guess(pipeline, size, [_past(one) for one in known], _second_amount(rates))
    return _estimate(pipeline, fleet, found, rates.currency, allocation.error_ratio(known))


def _past(run: Run) -> Past:
    return Past(Size(run.rows, run.sensors, run.assets), run.wall_seconds, run.amount)


def _second_amount(rates: Rates) -> float:
    """Return what a second costs in which one processor is at work."""
    used = Used(cpu_seconds=1.0, core_seconds=1.0, byte_seconds=_GIGABYTES * GB)
    return allocation.amount_of(used, rates)


def _estimate(
    pipeline: str, fleet: str | None, found: Guess, currency: str, off: float | None
) -> Estimate:
    return Estimate(
        pipeline=pipeline,
        fleet=fleet,
        seconds=found.seconds,
        seconds_low=found.low,
        seconds_high=found.high,
        amount=found.amount,
        amount_low=found.amount_low,
        amount_high=found.amount_high,
        currency=currency,
        basis="past" if found.basis == "past" else "prior",
        runs=found.runs,
        error_ratio=off,
    )


# ---------------------------------------------------------------- while it goes on
def recorder(site: Site, begun: Begun) -> Recorder:
    """Return what measures a run; to be made in the thread that it is done in.

    Raises
    ------
    StorageError
        The database is away.
    """
    rates = _rates(site)
    size = size_of(site, begun.pipeline, begun.fleet, begun.arguments)
    thought = _expected(site, rates, begun.pipeline, begun.fleet, size)
    moment = now()
    run = Run(
        run=begun.run,
        attempt=begun.attempt,
        pipeline=begun.pipeline,
        fleet=begun.fleet,
        project=begun.project or "",
        by=begun.by,
        state=JobState.RUNNING.value,
        started=moment,
        until=moment,
        used=Used(),
        wall_seconds=0.0,
        amount=0.0,
        currency=rates.currency,
        rows=size.rows,
        sensors=size.sensors,
        assets=size.assets,
        expected=Expected(thought.seconds, thought.amount, thought.basis),
    )
    return Recorder(site.costs, rates, run)


def _rates(site: Site) -> Rates:
    """Return the prices; those that come along where the site's own cannot be used."""
    try:
        return rates_here(site.settings)
    except InvalidRequest as error:
        _log.warning("prices as they come along: %s", error)
        return rates_shipped()


def of_job(job: Job) -> Begun:
    """Return what is known of a job when it begins."""
    return Begun(
        run=job.id,
        pipeline=job.pipeline,
        fleet=job.fleet,
        project=job.project,
        by=job.by,
        attempt=job.attempt,
        arguments=job.arguments,
    )


def here(site: Site, pipeline: str, fleet: str | None, by: str, **arguments: Any) -> Begun:
    """Return what is known of work that somebody does at once, at the machine itself."""
    project = site.jobs.project_of(fleet)
    return Begun(new_id("run"), pipeline, fleet, project, by, arguments=arguments)


@contextmanager
def paid(site: Site, begun: Begun) -> Iterator[Recorder]:
    """Measure work that is done at once, in this thread, and keep what it cost.

    Raises
    ------
    OverBudget
        The budget of this month is spent.
    """
    site.jobs.afford(begun.pipeline, begun.project)
    made = recorder(site, begun)
    state = JobState.FAILED
    try:
        with made.measuring():
            yield made
        state = JobState.SUCCEEDED
    finally:
        made.end(state.value)


def rows_of(given: Any) -> int | None:
    """Return how many readings a run worked on, by what its pipeline gave."""
    lineage = _of(given, "lineage")
    told = _of(given if lineage is None else lineage, "rows")
    return told if isinstance(told, int) else None


def _of(given: Any, name: str) -> Any:
    return given.get(name) if isinstance(given, Mapping) else getattr(given, name, None)


# ---------------------------------------------------------------- afterwards
def run_cost(site: Site, run: str) -> RunCost | None:
    """Return what a run used and cost in all its attempts; None if nobody measured it."""
    found = site.costs.attempts(run)
    return told_of(found) if found else None


def told_of(found: Sequence[Run]) -> RunCost:
    """Return what the attempts of one run used and cost."""
    used, thought = Used(), found[0].expected
    for one in found:
        used = used.plus(one.used)
    currency = found[-1].currency
    return RunCost(
        run=found[0].run,
        attempts=len(found),
        wall_seconds=fsum(one.wall_seconds for one in found),
        cpu_seconds=used.cpu_seconds,
        reserved_seconds=used.reserved_seconds,
        core_seconds=used.core_seconds,
        gb_hours=used.byte_seconds / GB / HOUR,
        peak_bytes=used.peak_bytes,
        tasks=used.tasks,
        amount=fsum(one.amount for one in found if one.currency == currency),
        currency=currency,
        estimated_seconds=None if thought is None else thought.seconds,
        estimated_amount=None if thought is None else thought.amount,
        estimated_by=cast(Any, "" if thought is None else thought.by),
    )
