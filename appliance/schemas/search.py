"""What a search finds."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from appliance.schemas.base import Schema


class HitKind(StrEnum):
    """What was found."""

    FLEET = "fleet"
    ASSET = "asset"
    SENSOR = "sensor"
    EVENT = "event"


class Hit(Schema):
    """One thing that was found.

    Attributes
    ----------
    name
        Of the fleet, asset or sensor; the event's identifier.
    label
        What it is shown as.
    link
        Where the API tells more of it.
    """

    kind: HitKind
    fleet: str = Field(examples=["pumps"])
    name: str = Field(examples=["P-101"])
    label: str = Field(examples=["P-101"])
    link: str = Field(examples=["/api/v1/fleets/pumps/assets/P-101"])


class Found(Schema):
    """What a search found, the best first.

    Attributes
    ----------
    more
        Whether there is more than is told.
    """

    hits: tuple[Hit, ...]
    more: bool
