"""What routes that give rows for a chart are asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import Field

from appliance.api.media import Format
from appliance.lake.downsample import Method
from appliance.pipelines.charts import Ask
from appliance.schemas.base import Moment, Schema

MOST_ASSETS = 100
MOST_SENSORS = 500
MOST_POINTS = 20_000

FleetPath = Annotated[
    str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$", description="Name of the fleet.")
]


class ChartQuery(Schema):
    """Of what, from when to when, and how wide."""

    asset: list[Annotated[str, Field(max_length=200)]] = Field(
        [], max_length=MOST_ASSETS, description="Names; all of the fleet's if none."
    )
    start: Moment | None = Field(None, alias="from", description="The first moment.")
    end: Moment | None = Field(None, alias="to", description="The moment after the last.")
    width: int | None = Field(
        None, ge=1, le=MOST_POINTS, description="Points that the chart is wide.", examples=[800]
    )
    format: Format | None = Field(None, description="Wins over the header `Accept`.")

    def ask(self, width: int | None, method: Method = "minmax") -> Ask:
        """Return what is asked."""
        return Ask(tuple(self.asset), self.start, self.end, width, method)
