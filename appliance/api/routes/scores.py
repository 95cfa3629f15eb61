"""Scores of a fleet by a model version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import polars as pl
from fastapi import Query, Response
from pydantic import Field

from appliance.api import media
from appliance.api.charts import ChartQuery, FleetPath
from appliance.api.guard import TheSite
from appliance.api.media import Accept
from appliance.api.needs import Over, needs
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines import charts
from appliance.pipelines.charts import Scored
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.chart import ScoresTold
from appliance.schemas.model import CHAMPION
from appliance.schemas.score import share_column

router = make_router("scores")


class ScoresQuery(ChartQuery):
    """Which scores, and how many."""

    version: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Model version; the champion if not given."
    )
    top: int = Field(5, ge=0, le=50, description="Sensors whose contributions are given.")


@router.get(
    "/fleets/{fleet}/scores",
    summary="Scores for a chart, or all of them",
    response_class=Response,
    responses={200: media.responses(ScoresTold), **responses(406)},
    **needs(Right.READ, Over.FLEET),
)
def get_scores(
    fleet: FleetPath,
    asked: Annotated[ScoresQuery, Query()],
    site: TheSite,
    accept: Accept = "*/*",
) -> Response:
    """Return surprise, threshold, alarm and contributions as JSON, CSV or an Arrow stream."""
    form = media.wanted(accept, asked.format)
    name = fleet_name(fleet)
    ask = asked.ask(asked.width)
    found = charts.scores(site, name, ask, version=asked.version, top=asked.top)

    def told() -> Mapping[str, Any]:
        parts = found.frame.partition_by("asset", maintain_order=True)
        return {
            "fleet": name,
            "time_kind": site.intake.time_kind(name),
            "version": found.version.version,
            "champion": CHAMPION in found.version.aliases,
            "width": asked.width,
            "sensors": found.sensors,
            "series": [_series(found, own) for own in parts],
        }

    return media.answer(found.frame, form, told, f"{name}-scores")


def _series(found: Scored, frame: pl.DataFrame) -> dict[str, Any]:
    return {
        "asset": frame["asset"][0],
        "threshold": frame["threshold"][0],
        "times": media.moments(frame["time"]).to_list(),
        "surprise": media.numbers(frame["surprise"]),
        "alarm": frame["alarm"].to_list(),
        "standing": frame["standing"].to_list(),
        "contributions": {
            name: media.numbers(frame[share_column(name)]) for name in found.sensors
        },
    }
