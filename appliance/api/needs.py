"""What a route needs: one right, and over what.  A route that says nothing is refused."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from appliance.schemas.access import Right

RIGHT = "x-kizashi-right"
OVER = "x-kizashi-over"
PUBLIC = "x-kizashi-public"
RECENT = "x-kizashi-recent"
SPOOLED = "x-kizashi-spooled"


class Over(StrEnum):
    """Where a right must be held."""

    SITE = "site"
    FLEET = "fleet"
    """In the project of the fleet that the path names."""
    PROJECT = "project"
    """In the project that the path names."""
    EVENT = "event"
    """In the project of the fleet that the path's event belongs to."""
    JOB = "job"
    SCHEDULE = "schedule"
    WINDOW = "window"
    SOURCE = "source"
    VISIBLE = "visible"
    """In any project: the route itself keeps to what whoever asks may see."""
    SOMEWHERE = "somewhere"
    """In any project: what comes of it asks again, where it is known which."""
    BODY = "body"
    """What the body names: the route asks `Guard.require` itself, before all else."""


def needs(right: Right, over: Over, *, recent: bool = False) -> dict[str, Any]:
    """Return the arguments of a route that needs a right; they show in the API's document.

    Parameters
    ----------
    recent
        Whether its answer rests on the database alone, neither on the lake nor on the time of
        day: it is then given again as long as nothing was written.
    """
    told: dict[str, Any] = {RIGHT: right.value, OVER: over.value}
    return {"openapi_extra": told | ({RECENT: True} if recent else {})}


def someone() -> dict[str, Any]:
    """Return the arguments of a route open to whoever is known, about themselves."""
    return {"openapi_extra": {RIGHT: None, OVER: None}}


def anyone() -> dict[str, Any]:
    """Return the arguments of a route open to those not known yet, such as the login."""
    return {"openapi_extra": {PUBLIC: True, "security": []}}
