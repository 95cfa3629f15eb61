"""What a pipeline asks for before it may be run as a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from appliance.core.errors import InvalidRequest
from appliance.schemas.access import Right
from appliance.schemas.base import Schema
from appliance.schemas.job import JobRequest


class Place(StrEnum):
    """What a pipeline works on."""

    FLEET = "fleet"
    SITE = "site"
    EITHER = "either"


@dataclass(frozen=True)
class Patience:
    """How often what may go better the next time is tried, and how long is waited between.

    Attributes
    ----------
    attempts
        How often in all, where another process was in the way or the database was away.
    engine_attempts
        How often in all, where the engine was lost.
    pause, longest
        Before the second one; doubled before each one after it, up to the longest.
    """

    attempts: int = 20
    engine_attempts: int = 3
    pause: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=1)

    def before(self, attempt: int) -> timedelta:
        """Return how long to wait before an attempt; the second one is 2."""
        doubled: timedelta = self.pause * 2 ** min(attempt - 2, 16)
        return min(doubled, self.longest)


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a pipeline asks for.

    Attributes
    ----------
    summary
        What it does, in one line.
    arguments
        Model of its arguments, each with a default where one makes sense.
    right
        What whoever asks for it must have, where it works.
    place
        What it works on.
    lane
        Jobs of one lane on one fleet run one after the other; empty if nothing is in its way.
    timeout
        After which one run is stopped and has failed.
    patience
        With errors that may pass by themselves.
    essential
        Whether alarms, or the room for them, depend on it: no budget keeps it from being run.
    """

    name: str
    summary: str
    arguments: type[Schema]
    right: Right
    place: Place = Place.FLEET
    lane: str = ""
    timeout: timedelta = timedelta(hours=12)
    patience: Patience = Patience()
    essential: bool = False

    def checked(self, request: JobRequest) -> dict[str, Any]:
        """Return the arguments of a request as they are kept.

        Raises
        ------
        InvalidRequest
            They cannot be used, or the fleet is missing or too much.
        """
        if request.fleet is None and self.place is Place.FLEET:
            raise InvalidRequest(f"{self.name} needs a fleet.", remedy='Add "fleet".')
        if request.fleet is not None and self.place is Place.SITE:
            raise InvalidRequest(
                f"{self.name} works on the whole site.", remedy='Leave out "fleet".'
            )
        try:
            found = self.arguments.model_validate(request.arguments)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "arguments"
            raise InvalidRequest(
                f"{self.name}: {where} cannot be used: {first['msg']}.",
                remedy=f"It takes: {', '.join(self.arguments.model_fields) or 'nothing'}.",
            ) from error
        return found.model_dump(mode="json", exclude_unset=True)

    def lane_of(self, fleet: str | None) -> str | None:
        """Return the lane of a job on a fleet, or on the site."""
        return f"{self.lane} {fleet or '*'}" if self.lane else None


def known(terms: Mapping[str, Terms], pipeline: str) -> Terms:
    """Return the terms of a pipeline by name.

    Raises
    ------
    InvalidRequest
        There is none of that name.
    """
    try:
        return terms[pipeline]
    except KeyError as error:
        raise InvalidRequest(
            f"there is no pipeline {pipeline!r}.", remedy=f"There are: {', '.join(terms)}."
        ) from error
