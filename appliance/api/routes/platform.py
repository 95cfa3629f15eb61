"""The platform: how it does now, over time, and what became of its jobs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from appliance import __version__
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.needs import Over, needs
from appliance.api.router import make_router
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest
from appliance.jobs.store.figures import JobFigures
from appliance.pipelines.platform_history import history
from appliance.schemas.access import Right
from appliance.schemas.base import Moment
from appliance.schemas.platform import JobDays, Metric, Platform, PlatformHistory
from appliance.telemetry import by_day, platform

router = make_router("platform")

MOST_WIDTH = 2_000
MOST_METRICS = len(Metric)
_MOST_DAYS = timedelta(days=400)
_MOST_JOBS = 100_000
_USUAL = timedelta(hours=6)
_USUAL_DAYS = timedelta(days=30)
From = Annotated[Moment | None, Query(alias="from", description="The first moment.")]
To = Annotated[Moment | None, Query(alias="to", description="The moment after the last.")]


@router.get("/platform", summary="How the platform does", **needs(Right.READ, Over.VISIBLE))
def get_platform(site: TheSite, person: Caller) -> Platform:
    """Return the queue and what needs care; to those who operate the site all the rest."""
    whole = person.may(Right.OPERATE)
    return platform(site.settings, site.database, version=__version__, whole=whole)


@router.get(
    "/platform/history",
    summary="How the platform did",
    **needs(Right.OPERATE, Over.SITE),
)
def get_platform_history(
    site: TheSite,
    metric: Annotated[list[Metric], Query(min_length=1, max_length=MOST_METRICS)],
    start: From = None,
    end: To = None,
    width: Annotated[
        int, Query(ge=1, le=MOST_WIDTH, description="Stretches of time, at most.")
    ] = 400,
) -> PlatformHistory:
    """Return figures over time; the latest six hours if no time is named."""
    at = now()
    until = end or at
    since = start or until - _USUAL
    _require_order(since, until)
    return history(site, list(dict.fromkeys(metric)), since, until, width)


@router.get("/platform/jobs", summary="What became of jobs", **needs(Right.READ, Over.VISIBLE))
def get_platform_jobs(guard: Guarded, start: From = None, end: To = None) -> JobDays:
    """Return the jobs of one's projects by day and pipeline; of 30 days if none are named."""
    until = end or now()
    since = start or until - _USUAL_DAYS
    _require_order(since, until)
    if until - since > _MOST_DAYS:
        raise InvalidRequest(
            f"that is more than {_MOST_DAYS.days} days.", remedy="Ask for less at once."
        )
    figures, zone = JobFigures(guard.site.database), guard.site.settings.zone
    ended = figures.ended(guard.projects(), since, until, _MOST_JOBS)
    return JobDays(days=by_day(ended, zone))


def _require_order(start: Moment, end: Moment) -> None:
    if start > end:
        raise InvalidRequest("the time ends before it begins.", remedy="Turn it round.")
