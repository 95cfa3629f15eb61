"""Readings judged as they come: what is sent, and what is told of it at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from appliance.schemas.base import Moment, Schema

MOST_READINGS = 500
"""Readings in one request."""
_MOST_VALUES = 5_000
_Name = Annotated[str, Field(min_length=1, max_length=400)]
_Word = Annotated[str, Field(max_length=400)]


class OnlineReading(Schema):
    """What one asset measured at one moment.

    Attributes
    ----------
    values
        By sensor or context: a number, the word of a context of words, or nothing where it is
        missing.
    """

    asset: _Name = Field(examples=["P-101"])
    time: Moment = Field(examples=["2026-03-01T08:00:00Z"])
    values: dict[_Name, float | _Word | None] = Field(
        max_length=_MOST_VALUES, examples=[{"flow": 7.1, "temperature": 61.5}]
    )


class OnlineRequest(Schema):
    """Readings to be judged, in the order in which they came.

    Attributes
    ----------
    contributions
        Whether to tell each sensor's share of a surprise.
    """

    readings: tuple[OnlineReading, ...] = Field(min_length=1, max_length=MOST_READINGS)
    contributions: bool = True


class OnlineJudged(Schema):
    """What a reading was judged to be.

    Attributes
    ----------
    surprise
        None where it is not judged.
    threshold
        Surprise at which the asset alarms; None without a model.
    state
        ``final``; ``provisional`` where later readings will refine it; or why it is not judged.
    coverage
        Share of the asset's sensors that were alive.
    contributions
        Shares of the sensors, which add up to 1, where surprise is at least 1.
    """

    asset: str = Field(examples=["P-101"])
    time: datetime = Field(examples=["2026-03-01T08:00:00Z"])
    surprise: float | None = Field(examples=[4.2])
    alarm: bool = Field(examples=[True])
    threshold: float | None = Field(examples=[3.9])
    state: str = Field(examples=["final"])
    coverage: float = Field(examples=[1.0])
    contributions: dict[str, float] = Field(examples=[{"flow": 0.8, "temperature": 0.2}])


class OnlineAnswer(Schema):
    """What readings were judged to be, one for each and in their order.

    Attributes
    ----------
    version
        Of the model that judged them: the champion.
    """

    fleet: str = Field(examples=["pumps"])
    version: int = Field(examples=[3])
    scores: tuple[OnlineJudged, ...]
