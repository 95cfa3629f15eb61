"""Readings of a fleet, judged as they come."""

from __future__ import annotations

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from appliance.api.charts import FleetPath
from appliance.api.needs import Over, needs
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines.online_served import FleetsOnline
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.online import OnlineAnswer, OnlineRequest

router = make_router("scores")


async def judged(fleets: FleetsOnline, fleet: str, asked: OnlineRequest) -> OnlineAnswer:
    """Have readings judged, in a thread that may wait where they need one."""
    answer = fleets.answer_at_once(fleet, asked)
    if answer is not None:
        return answer
    others = fleets.awaited(fleet, asked)
    return await (run_in_threadpool(fleets.answer, fleet, asked) if others is None else others)


def route() -> APIRoute:
    """Return the one route of this file."""
    return next(one for one in router.routes if isinstance(one, APIRoute))


@router.post(
    "/fleets/{fleet}/online",
    summary="Judge readings as they come",
    response_model=OnlineAnswer,
    responses=responses(409),
    **needs(Right.SCORE, Over.FLEET),
)
async def judge_online(
    fleet: FleetPath, asked: OnlineRequest, request: Request
) -> OnlineAnswer:
    """Return the champion's surprise of each reading at once; nothing is stored.

    An asset's readings are sent once and in time order: the site keeps of each asset what the
    next score needs.
    """
    return await judged(request.app.state.online, fleet_name(fleet), asked)
