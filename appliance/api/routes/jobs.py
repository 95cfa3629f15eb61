"""Jobs: asked for, listed, followed, cancelled and begun anew."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from appliance.api import idempotency, streams
from appliance.api.guard import Caller, Guarded, TheSite
from appliance.api.limits import MOST_ITEMS
from appliance.api.needs import Over, needs
from appliance.api.paging import Cursor, Limit, Page, key_of, page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines.report import kept_page
from appliance.schemas.access import Right
from appliance.schemas.base import FleetName, Moment
from appliance.schemas.job import Job, JobLogLine, JobRequest, JobState
from appliance.schemas.schedule import ScheduleName

router = make_router("jobs")

_LARGEST = 2**31 - 1
Key = Annotated[str | None, Header(alias=idempotency.HEADER, include_in_schema=False)]
After = Annotated[int, Query(ge=0, le=_LARGEST, description="Number of the last line seen.")]
LastEventId = Annotated[
    str,
    Header(
        alias="Last-Event-ID",
        max_length=20,
        description="Identifier of the last event seen: only log lines after it are told.",
    ),
]
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`progress` (the job) and `log` (a line of its log) as they come, then "
        "`end` (the job as it is then).",
        "content": {
            "text/event-stream": {
                "schema": {"type": "string"},
                "example": 'event: log\ndata: {"number": 1, "text": "reading"}\nid: 1\n\n',
            }
        },
    }
}


@router.post(
    "/jobs",
    status_code=202,
    summary="Ask for a job",
    responses=responses(409),
    **needs(Right.READ, Over.BODY),
)
def ask_for_job(
    request: JobRequest, response: Response, guard: Guarded, key: Key = None
) -> Job:
    """Put a job into the queue; `GET /pipelines` tells what can be asked for and of whom."""
    terms = guard.site.jobs.terms.get(request.pipeline)
    if terms is not None and request.fleet is not None:
        guard.require(terms.right, fleet=request.fleet)
    made = guard.site.jobs.ask(guard.person, request, key=key)
    response.headers["Location"] = f"/api/v1/jobs/{made.id}"
    return made


@router.get("/jobs", summary="List jobs", **needs(Right.READ, Over.VISIBLE, recent=True))
def list_jobs(
    guard: Guarded,
    fleet: FleetName | None = None,
    pipeline: Annotated[str | None, Query(max_length=40)] = None,
    state: Annotated[list[JobState], Query(max_length=6)] = [],  # noqa: B006 - never changed
    schedule: Annotated[ScheduleName | None, Query(description="That asked.")] = None,
    start: Annotated[Moment | None, Query(alias="from", description="Asked for since.")] = None,
    end: Annotated[Moment | None, Query(alias="to", description="Asked for before.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Job]:
    """Return jobs of one's projects without their steps, the newest first."""
    (before,) = key_of(cursor, str) or (None,)
    found = guard.site.jobs.list(
        guard.projects(),
        fleet=fleet,
        pipeline=pipeline,
        states=set(state),
        schedule=schedule,
        asked=(start, end),
        before=before,
        limit=limit + 1,
    )
    return page(found, limit, lambda one: (one.id,))


@router.get("/jobs/{job}", summary="Tell a job", **needs(Right.READ, Over.JOB, recent=True))
def get_job(job: str, site: TheSite) -> Job:
    """Return a job with its steps and how far each is."""
    return site.jobs.get(job)


@router.get(
    "/jobs/{job}/log",
    summary="What a job said",
    **needs(Right.READ, Over.JOB, recent=True),
)
def get_job_log(
    job: str,
    site: TheSite,
    after: After = 0,
    cursor: Cursor = None,
    limit: Limit = MOST_ITEMS,
) -> Page[JobLogLine]:
    """Return the lines of a job's log in their order."""
    (last,) = key_of(cursor, int) or (after,)
    found = site.jobs.log(job, last, limit + 1)
    return page(found, limit, lambda one: (one.number,))


@router.get(
    "/jobs/{job}/report",
    summary="The page that a job made",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
    **needs(Right.READ, Over.JOB),
)
def get_report(job: str, site: TheSite) -> Response:
    """Return the page of a finished job `report`: one HTML file, good to be mailed."""
    told = site.jobs.get(job)
    name = f"{told.fleet or 'fleet'}-report.html"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "sandbox",  # it is read as a file, never as one of our pages
    }
    return Response(kept_page(site, told.fleet or "", job), 200, headers, "text/html")


@router.get(
    "/jobs/{job}/stream",
    summary="Follow a job",
    response_class=EventSourceResponse,
    responses=_STREAM,
    dependencies=[Depends(streams.a_place)],
    **needs(Right.READ, Over.JOB),
)
async def follow_job(
    job: str, site: TheSite, last_event_id: LastEventId = ""
) -> AsyncIterator[ServerSentEvent]:
    """Tell what a job does while it does it, as server-sent events, until it is over."""
    known = last_event_id.isascii() and last_event_id.isdigit()
    after = min(int(last_event_id), _LARGEST) if known else 0
    async for event in streams.told(site, job, after):
        yield event


@router.post(
    "/jobs/{job}/cancel",
    summary="End a job",
    responses=responses(409),
    **needs(Right.READ, Over.JOB),
)
def cancel_job(job: str, site: TheSite, person: Caller) -> Job:
    """Ask for a job's end: its work is stopped where it is; one that waits ends at once."""
    return site.jobs.cancel(person, job)


@router.post(
    "/jobs/{job}/retry",
    summary="Begin a job anew",
    responses=responses(409),
    **needs(Right.READ, Over.JOB),
)
def retry_job(job: str, site: TheSite, person: Caller) -> Job:
    """Begin a failed or cancelled job anew, at the step that did not succeed."""
    return site.jobs.retry(person, job)
