"""Readings of a fleet, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import Query, Response
from pydantic import Field

from appliance.api import media
from appliance.api.charts import MOST_SENSORS, ChartQuery, FleetPath
from appliance.api.guard import Caller, TheSite
from appliance.api.media import Accept
from appliance.api.needs import Over, needs
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.api.uploads import SentBody, spooled
from appliance.intake import IngestOptions
from appliance.lake.downsample import Method
from appliance.pipelines import charts, uploads
from appliance.schemas.access import Right
from appliance.schemas.base import Schema, fleet_name
from appliance.schemas.chart import ReadingsTold
from appliance.schemas.ingest import IngestReport
from appliance.schemas.job import Job, JobRequest

router = make_router("readings")


class ReadingsQuery(ChartQuery):
    """Which readings, and how many."""

    sensors: list[Annotated[str, Field(max_length=2000)]] = Field(
        [], max_length=MOST_SENSORS, description="Names, also with commas; all if none."
    )
    method: Method | None = Field(
        None,
        description="How rows are chosen: `minmax` (the default with a width) loses no spike, "
        "`lttb` keeps the shape, `none` gives all rows (the default without a width).",
    )


@router.get(
    "/fleets/{fleet}/readings",
    summary="Readings for a chart, or all of them",
    response_class=Response,
    responses={200: media.responses(ReadingsTold), **responses(406)},
    **needs(Right.READ, Over.FLEET),
)
def get_readings(
    fleet: FleetPath,
    asked: Annotated[ReadingsQuery, Query()],
    site: TheSite,
    accept: Accept = "*/*",
) -> Response:
    """Return readings as JSON, CSV or an Arrow stream, in at most so many points."""
    form = media.wanted(accept, asked.format)
    name = fleet_name(fleet)
    method, width = asked.method, asked.width
    if method is None:
        method = "none" if width is None else "minmax"
    width = None if method == "none" else width or charts.WIDTH
    ask = asked.ask(width, method)
    frame = charts.readings(site, name, ask, asked.sensors)

    def told() -> Mapping[str, Any]:
        return {
            "fleet": name,
            "time_kind": site.intake.time_kind(name),
            "method": method,
            "width": width,
            "series": [
                _series(own) for own in frame.partition_by("asset", maintain_order=True)
            ],
        }

    return media.answer(frame, form, told, f"{name}-readings")


def _series(frame: pl.DataFrame) -> dict[str, Any]:
    names = [name for name in frame.columns if name not in ("asset", "time")]
    return {
        "asset": frame["asset"][0],
        "times": media.moments(frame["time"]).to_list(),
        "values": {name: media.numbers(frame[name]) for name in names},
    }


# ---------------------------------------------------------------- in
Column = Annotated[str, Field(max_length=400)]
_MOST_AT_ONCE = 32 * 2**20
"""Bytes of a table that is brought in while the sender waits; a job brings in larger ones."""
_EXAMPLE = [
    {"time": "2026-03-01T08:00:00Z", "asset": "P-101", "flow": 7.1},
    {"time": "2026-03-01T08:01:00Z", "asset": "P-101", "flow": 7.2},
]


class IngestQuery(Schema):
    """What a body's columns are for; what is not said is guessed."""

    time: str | None = Field(
        None, max_length=400, description="Column of times; `row` counts rows as cycles."
    )
    asset: str | None = Field(
        None, max_length=400, description="Column of asset names; `=NAME` for one asset."
    )
    context: list[Column] = Field(
        [], max_length=MOST_SENSORS, description="Columns that explain normal change."
    )
    timezone: str = Field(
        "", max_length=100, description="Zone of times written without one; else the site's."
    )
    layout: Literal["auto", "wide", "long"] = Field(
        "auto", description="`wide`: a column a sensor; `long`: a row a value."
    )
    called: str = Field(
        "",
        max_length=200,
        description="Asset of rows that name none; the fleet's name if not given.",
    )


@router.post(
    "/fleets/{fleet}/readings",
    summary="Send readings",
    response_model=None,
    responses={
        200: {"model": IngestReport, "description": "What was brought in."},
        202: {"model": Job, "description": "The job that brings in what is large."},
        **responses(409, 415, 507),
    },
    **spooled(Right.INGEST, Over.FLEET, _EXAMPLE),
)
def send_readings(
    fleet: FleetPath,
    asked: Annotated[IngestQuery, Query()],
    sent: SentBody,
    site: TheSite,
    person: Caller,
    response: Response,
) -> IngestReport | Job:
    """Bring in CSV, JSON, JSON lines, Parquet or an Arrow stream; once, however often sent."""
    name = fleet_name(fleet)
    path = uploads.readable(site.settings, sent.upload, sent.kind, name)
    told = asked.model_dump(mode="json")
    if path.stat().st_size <= _MOST_AT_ONCE:
        options = IngestOptions(**{**told, "context": tuple(asked.context)})
        return uploads.bring(site, path, name, options, person.name)
    arguments = {**told, "paths": [uploads.hand_on(site.settings, path)]}
    request = JobRequest(pipeline="ingest", fleet=name, arguments=arguments)
    job = site.jobs.ask(person, request)
    sent.handed_on = True
    response.status_code = 202
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job
