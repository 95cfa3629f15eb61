"""Pipelines as those see them who may ask for them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from appliance.schemas.access import Right
from appliance.schemas.base import Schema


class Offer(Schema):
    """A pipeline that can be asked for as a job.

    Attributes
    ----------
    right
        What whoever asks must have, where it works.
    place
        Whether it works on a fleet, on the whole site, or on either.
    timeout_seconds
        After which a run is stopped and has failed.
    arguments
        JSON schema of what it may be told.
    """

    name: str = Field(examples=["train"])
    summary: str = Field(examples=["Learn what is normal for every machine of a fleet."])
    right: Right
    place: Literal["fleet", "site", "either"]
    timeout_seconds: float
    arguments: dict[str, Any] = Field(examples=[{"type": "object", "properties": {}}])
