"""Readings of a fleet, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import polars as pl
from fastapi import Query, Response
from pydantic import Field

from appliance.api import media
from appliance.api.charts import MOST_SENSORS, ChartQuery, FleetPath
from appliance.api.guard import TheSite
from appliance.api.media import Accept
from appliance.api.needs import Over, needs
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.lake.downsample import Method
from appliance.pipelines import charts
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.chart import ReadingsTold

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
