"""What a site answers its gateway alone: how busy it is, and models on their way.

These addresses begin with ``/link/`` and are there on the line only.  Who may take a model and
who may bring one is checked here, by the rights of the person that the gateway names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from appliance.access import DEFAULT_PROJECT, Person
from appliance.access.person import Via
from appliance.api.guard import VOUCHED
from appliance.api.problems import MEDIA_TYPE, Problem, status_of
from appliance.core.clock import now
from appliance.core.errors import KizashiError, LimitExceeded
from appliance.gateway import copying
from appliance.gateway.signing import Key
from appliance.jobs.store.figures import JobFigures
from appliance.pipelines.site import Site
from appliance.schemas.gateway import Load
from appliance.telemetry.cost.book import prices

LOAD = "/link/load"
MODELS = "/link/models"
SIGNATURE = "kizashi-signature"
SIGNER = "kizashi-signer"


def site_end(site: Site, key: Key) -> Starlette:
    """Return what answers below ``/link/``.

    Parameters
    ----------
    key
        The site's: models are signed with it.
    """

    async def load(_: Request) -> Response:
        found = await run_in_threadpool(load_of, site)
        return JSONResponse(found.model_dump(mode="json"))

    async def take(request: Request) -> Response:
        fleet, version = request.path_params["fleet"], request.path_params["version"]
        person: Person = request.scope[VOUCHED]
        packed = await run_in_threadpool(copying.pack, site, person, fleet, version)
        signature = key.sign(copying.USE, packed)
        headers = {SIGNATURE: signature, SIGNER: key.public}
        return Response(packed, 200, headers, "application/zip")

    async def bring(request: Request) -> Response:
        fleet = request.path_params["fleet"]
        person: Person = request.scope[VOUCHED]
        packed = await _body(request)
        proof = request.headers.get(SIGNER, ""), request.headers.get(SIGNATURE, "")
        made = await run_in_threadpool(copying.unpack, site, person, fleet, packed, proof)
        return JSONResponse({"version": made.version}, 201)

    return Starlette(
        routes=[
            Route(LOAD, _told(load), methods=["GET"]),
            Route(MODELS + "/{fleet}/{version:int}", _told(take), methods=["GET"]),
            Route(MODELS + "/{fleet}", _told(bring), methods=["POST"]),
        ]
    )


def load_of(site: Site) -> Load:
    """Return how busy and how dear a site is."""
    standing = JobFigures(site.database).standing(now())
    priced = prices(site.settings)
    fleets = tuple(one.name for one in site.intake.assets.fleets())
    everybody = Person(name="", via=Via.GATEWAY, admin=True)
    projects = {DEFAULT_PROJECT, *(one.name for one in site.access.projects.list(everybody))}
    return Load(
        queued=standing.queued,
        running=standing.running,
        at_once=standing.workers * site.settings.jobs_at_once,
        core_hour=priced.core_hour + priced.busy_core_hour,
        currency=priced.book.currency,
        fleets=fleets,
        projects=tuple(sorted(projects)),
    )


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > copying.MOST_BYTES:
            raise LimitExceeded("the model is larger than may be copied.")
    return b"".join(parts)


def _told(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def answered(request: Request) -> Response:
        try:
            found: Response = await answer(request)
        except KizashiError as error:
            status = status_of(error)
            problem = Problem(
                type=f"urn:kizashi:problem:{type(error).__name__}",
                title=type(error).__name__,
                status=status,
                detail=error.message,
                remedy=error.remedy,
            )
            return Response(json.dumps(problem.model_dump()), status, media_type=MEDIA_TYPE)
        return found

    return answered
