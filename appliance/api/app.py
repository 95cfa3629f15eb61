"""The web application: every route of the API on one site."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from appliance import __version__
from appliance.access.provider import Provider, terms_of
from appliance.api import document, problems, routes
from appliance.api.errands import Errands
from appliance.api.health import add_health
from appliance.api.known import Known
from appliance.api.lane import Lane
from appliance.api.limits import MOST_BODY, Rate
from appliance.api.passage import Passage
from appliance.api.recent import Recent
from appliance.api.routes import online
from appliance.api.store import KeyStore
from appliance.core.errors import TooOften
from appliance.core.secrets import site_key
from appliance.pipelines.figures import Figures
from appliance.pipelines.online_served import fleets_online
from appliance.pipelines.site import Site

PREFIX = "/api/v1"


class Web(FastAPI):
    """An application whose every answer passes `Passage` last, those of its limits too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._made = super().__call__
        self._passage = Passage(self._answered)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._passage(scope, receive, send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give an answer that still holds again, or have one made."""
        if scope["type"] == "http" and scope["method"] == "POST":
            scope["app"] = self
            lane: Lane = self.state.lane
            if (left := await lane.answered(scope, receive, send)) is None:
                return
            receive = left
        if scope["type"] == "http" and scope["method"] == "GET":
            recent: Recent = self.state.recent
            try:
                if await recent.at_once(scope, send):
                    return
            except TooOften:
                pass  # told as every refusal is, by the way that all requests go
        await self._made(scope, receive, send)


def create_app(site: Site) -> FastAPI:
    """Return the application of a site, which it closes when it ends.

    Parameters
    ----------
    site
        What the routes work on.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        site.close()

    app = Web(
        title="Kizashi",
        version=__version__,
        summary="Anomaly detection and predictive maintenance of a plant's machines.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # its pages load scripts from the internet
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=MOST_BODY,
    )
    settings = site.settings
    app.state.site = site
    key, terms = site_key(settings.home), terms_of(settings)
    app.state.keys = KeyStore(site.database, key)
    app.state.errands = Errands(key)
    app.state.provider = None if terms is None else Provider(terms)
    app.state.known = Known(site.access, site.database)
    app.state.rate = Rate(settings.requests_per_second, settings.requests_at_once)
    app.state.recent = Recent(site.database, app.state.rate)
    app.state.figures = Figures(site)
    app.state.online = fleets_online(site)
    app.state.lane = Lane(f"{PREFIX}/fleets/", online.route(), app.state, site.database)
    problems.install(app)
    add_health(app)
    app.router.routes.extend(_routes())
    document.complete(app)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Return the routes of all routers.

    They know no site, and FastAPI looks through the arguments of each at the first request:
    made once, all applications of a process share them.
    """
    whole = APIRouter(
        generate_unique_id_function=document.operation_name, max_body_size=MOST_BODY
    )
    for router in _routers():
        whole.include_router(router, prefix=PREFIX)
    return tuple(whole.routes)


def _routers() -> list[APIRouter]:
    """Return the router of every file of `routes`, in the order of their names."""
    names = sorted(found.name for found in pkgutil.iter_modules(routes.__path__))
    modules = [importlib.import_module(f"{routes.__name__}.{name}") for name in names]
    return [module.router for module in modules]
