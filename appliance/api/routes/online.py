"""Readings of a fleet, judged as they come."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from appliance.api.charts import FleetPath
from appliance.api.needs import Over, needs
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.fleet.online import OnlineScore, Reading
from appliance.pipelines.online import OnlineFleets
from appliance.schemas.access import Right
from appliance.schemas.base import fleet_name
from appliance.schemas.online import OnlineAnswer, OnlineJudged, OnlineRequest

router = make_router("scores")


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

    An asset's readings are sent once and in time order: the site keeps of each what the next
    score needs.
    """
    name = fleet_name(fleet)
    fleets: OnlineFleets = request.app.state.online
    readings = [Reading(one.asset, one.time, one.values) for one in asked.readings]
    answer = fleets.judge_at_once(name, readings, explain=asked.contributions)
    if answer is None:
        answer = await run_in_threadpool(
            fleets.judge, name, readings, explain=asked.contributions
        )
    return OnlineAnswer(
        fleet=name, version=answer.version, scores=tuple(map(_told, answer.scores))
    )


def _told(score: OnlineScore) -> OnlineJudged:
    return OnlineJudged(
        asset=score.asset,
        time=score.time,
        surprise=score.surprise,
        alarm=score.alarm,
        threshold=score.threshold,
        state=score.state.name.lower(),
        coverage=score.coverage,
        contributions=dict(score.contributions),
    )
