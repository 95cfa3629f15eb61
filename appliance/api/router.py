"""What the routes of one noun are gathered in."""

from __future__ import annotations

from fastapi import APIRouter

from appliance.api.guard import GuardedRoute
from appliance.api.problems import responses

_EVERYWHERE = (400, 401, 403, 404, 413, 422, 429, 503)


def make_router(noun: str) -> APIRouter:
    """Return a router whose routes must say what they need, under a heading."""
    return APIRouter(tags=[noun], route_class=GuardedRoute, responses=responses(*_EVERYWHERE))
